// Why a dry run would reject a record. Emptied with the comparison that it belongs to.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';
import { createOwn } from './own-table';

export async function createPreview(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  await createOwn(trx, dialect, 'comparison_reject', (table) => {
    table.string('run_id', 50).notNullable();
    // As it came: it may be no number.
    table.string('row_key', 64).notNullable();
    table.string('column_name', 130).notNullable();
    table.primary(['run_id', 'row_key']);
  });
}
