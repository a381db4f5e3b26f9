// Where Reconcile keeps what an export showed, until it has been compared. Emptied at the end of each run.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';
import { createOwn } from './own-table';

export async function createComparison(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  const time = dialect.name === 'mssql' ? 'datetime2(3)' : 'text';
  const bigint = dialect.name === 'mssql' ? 'bigint' : 'integer';

  await createOwn(trx, dialect, 'comparison', (table) => {
    table.string('run_id', 50).notNullable().primary();
    table.string('module', 100).notNullable();
    table.specificType('began_at', time).notNullable();
  });
  await createOwn(trx, dialect, 'comparison_row', (table) => {
    table.string('run_id', 50).notNullable();
    table.specificType('id', bigint).notNullable();
    // 0 same, 1 missing, 2 stale, 3 extra: `../../compare/comparison.ts`.
    table.integer('kind').notNullable();
    // 0 open, 1 real, 2 repaired, 3 rejected.
    table.integer('state').notNullable();
    table.primary(['run_id', 'id']);
  });
}
