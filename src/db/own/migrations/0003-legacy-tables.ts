// What tables need that were there before the mirror: its three columns beside them, and the matching of their old rows.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';
import { createOwn } from './own-table';

export async function createLegacyTables(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  const mssql = dialect.name === 'mssql';
  const bigint = mssql ? 'bigint' : 'integer';
  const time = mssql ? 'datetime2(3)' : 'text';

  await createOwn(trx, dialect, 'bookkeeping', (table) => {
    table.string('module', 100).notNullable();
    table.specificType('id', bigint).notNullable();
    // The types that the columns have where they are in the target, so that one statement reads both.
    table.specificType('zoho_modified_at', mssql ? 'datetime2(0)' : 'text').notNullable();
    table.specificType('zoho_observed_at', time).notNullable();
    table.specificType('zoho_deleted_at', time).nullable();
    table.primary(['module', 'id']);
  });
  // Zoho's records by the columns that old rows are found by; emptied when that is done.
  await createOwn(trx, dialect, 'match_candidate', (table) => {
    table.string('module', 100).notNullable();
    table.specificType('id', bigint).notNullable();
    for (const i of [0, 1, 2, 3]) table.string(`v${i}`, 400).nullable();
    table.primary(['module', 'id']);
  });
  // A row for every Zoho record that could be more than one old row, or that shares its old row with other records.
  await createOwn(trx, dialect, 'match_ambiguous', (table) => {
    table.string('module', 100).notNullable();
    table.specificType('id', bigint).notNullable();
    table.integer('rows_found').notNullable();
    table.integer('records_found').notNullable();
    table.specificType('found_at', time).notNullable();
    table.primary(['module', 'id']);
  });
  await createOwn(trx, dialect, 'match_done', (table) => {
    table.string('module', 100).notNullable().primary();
    // What was matched by which columns: another choice is another matching.
    table.string('matched_by', 1000).notNullable();
    table.integer('adopted').notNullable();
    table.integer('ambiguous').notNullable();
    table.specificType('done_at', time).notNullable();
  });
}
