// What processes share besides the token: what each has spent of the API credits, and the right to do something alone.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';
import { createOwn } from './own-table';

export async function createSharedBudget(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  const time = dialect.name === 'mssql' ? 'datetime2(3)' : 'text';

  await createOwn(trx, dialect, 'api_credits', (table) => {
    table.string('process', 50).notNullable();
    table.specificType('minute', time).notNullable();
    table.integer('credits').notNullable();
    // What Zoho last said remains, and when it last answered.
    table.integer('remaining').nullable();
    table.specificType('told_at', time).nullable();
    table.primary(['process', 'minute']);
  });
  await createOwn(trx, dialect, 'claim', (table) => {
    table.string('name', 200).notNullable().primary();
    table.string('holder', 50).notNullable();
    table.specificType('until', time).notNullable();
  });
}
