// SQLite's answer to `dialect.ts`, put together. Nothing is decided here.
import { parseInstant, toIsoMs, toIsoSeconds } from '../../mirror/instant';
import type { Dialect } from '../dialect';
import { openCompare } from './compare';
import { connectionOf } from './connect';
import { classifySqlite } from './errors';
import { openMerge } from './merge';
import { registers } from './registers';
import * as schema from './schema';

export { connectSqlite } from './connect';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  takesPrepared: false,
  rowsPerBatch: 2_000,
  // Synchronous work between two turns of the event loop: some 0.1 s.
  chunk: 5_000,
  own: (table) => `zoho_mirror_${table}`,
  quote: schema.quote,
  target: schema.target,
  writeTime: toIsoMs,
  readTime: (value) => (typeof value === 'string' ? parseInstant(value) : undefined),
  classify: classifySqlite,
  server: async (knex) => {
    const [{ version }] = (await knex.raw('SELECT sqlite_version() AS version')) as [{ version: string }];
    return `SQLite ${version}`;
  },
  exclusively: (knex, work) => knex.transaction(work),
  migrations: { tableName: 'zoho_mirror_migrations' },
  savepoint: async (trx) => void (await trx.raw('SAVEPOINT zoho_mirror')),
  rollbackToSavepoint: async (trx) => {
    await trx.raw('ROLLBACK TO zoho_mirror');
    await trx.raw('RELEASE zoho_mirror');
  },
  releaseSavepoint: async (trx) => void (await trx.raw('RELEASE zoho_mirror')),
  usable: async () => true,
  describe: schema.describe,
  facts: schema.facts,
  addKeyIndex: schema.addKeyIndex,
  keyIndexCaution: schema.keyIndexCaution,
  addDefault: schema.addDefault,
  allowNull: schema.allowNull,
  retype: schema.retype,
  createTable: schema.createTable,
  addColumn: schema.addColumn,
  // A text column of SQLite takes any length; nothing has to be done, and nothing can be.
  widen: () => undefined,
  bookkeeping: schema.bookkeeping,
  addBookkeeping: schema.addBookkeeping,
  canonical: (expression) => `CAST(${expression} AS TEXT)`,
  folded: (expression) => `lower(trim(${expression}))`,
  updateFrom: ({ target, set, from, on }) => `UPDATE ${target} AS t SET ${set} FROM ${from} p WHERE ${on}`,
  targetTime: (at, precision) => (precision === 'seconds' ? toIsoSeconds(at) : toIsoMs(at)),
  page: (limit) => ({ top: '', limit: `LIMIT ${Math.trunc(limit)}` }),
  openMerge: async (trx, layout) => openMerge(await connectionOf(trx), layout),
  registers,
  openCompare: async (trx, layout) => openCompare(await connectionOf(trx), layout),
};
