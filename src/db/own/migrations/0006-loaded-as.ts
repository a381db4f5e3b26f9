// What a table was loaded as, in words: a fingerprint alone cannot say what has changed.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';
import { extendOwn } from './own-table';

export async function addLoadedAs(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  const long = dialect.name === 'mssql' ? 'nvarchar(max)' : 'text';
  await extendOwn(trx, dialect, 'sync_state', (table) => {
    table.specificType('loaded_as', long).nullable();
  });
}
