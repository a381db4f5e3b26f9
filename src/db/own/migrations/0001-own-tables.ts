// The first six tables of the mirror. Never edited once released: later changes are later steps.
import type { Knex } from 'knex';
import type { Dialect, OwnTable } from '../../dialect';
import { createOwn } from './own-table';

export async function createOwnTables(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  const time = dialect.name === 'mssql' ? 'datetime2(3)' : 'text';
  const long = dialect.name === 'mssql' ? 'nvarchar(max)' : 'text';
  const bigint = dialect.name === 'mssql' ? 'bigint' : 'integer';
  const create = (name: OwnTable, build: (table: Knex.CreateTableBuilder) => void) =>
    createOwn(trx, dialect, name, build);

  await create('sync_state', (table) => {
    table.string('module', 100).notNullable().primary();
    table.specificType('watermark', time).nullable();
    table.string('fingerprint', 200).nullable();
    table.specificType('dropped_fields', long).notNullable();
    // The target table that the mirror made for the module, and may therefore extend.
    table.string('made_table', 260).nullable();
  });
  await create('tombstone', (table) => {
    table.string('module', 100).notNullable();
    table.specificType('id', bigint).notNullable();
    table.specificType('gone_at', time).notNullable();
    // The content register of a row that hard deletion removed.
    table.specificType('modified_at', time).nullable();
    table.specificType('observed_at', time).nullable();
    table.primary(['module', 'id']);
  });
  await create('rejected_record', (table) => {
    table.string('module', 100).notNullable();
    table.string('reject_key', 64).notNullable();
    table.string('id', 50).nullable();
    table.string('column_name', 130).nullable();
    table.string('reason', 1000).notNullable();
    table.specificType('raw', long).notNullable();
    table.specificType('modified_at', time).nullable();
    table.specificType('observed_at', time).notNullable();
    table.specificType('rejected_at', time).notNullable();
    table.specificType('resolved_at', time).nullable();
    table.primary(['module', 'reject_key']);
    table.index(['module', 'id'], 'zoho_mirror_rejected_by_id');
  });
  await create('sync_run', (table) => {
    table.string('run_id', 100).notNullable().primary();
    table.string('workflow', 100).notNullable();
    table.string('module', 100).notNullable();
    table.string('outcome', 20).notNullable();
    table.specificType('counts', long).notNullable();
    table.specificType('detail', long).nullable();
    table.specificType('started_at', time).notNullable();
    table.specificType('updated_at', time).notNullable();
  });
  await create('page_checkpoint', (table) => {
    table.string('job_id', 100).notNullable().primary();
    table.integer('rows_done').notNullable();
    table.integer('complete').notNullable();
    table.specificType('counts', long).notNullable();
    table.specificType('updated_at', time).notNullable();
  });
  await create('oauth_token', (table) => {
    table.string('name', 200).notNullable().primary();
    table.specificType('sealed', long).notNullable();
    table.specificType('updated_at', time).notNullable();
  });
}
