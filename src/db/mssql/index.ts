// SQL Server's answer to `dialect.ts`, put together. Nothing is decided here.
import type { Knex } from 'knex';
import { instant } from '../../mirror/instant';
import type { Dialect } from '../dialect';
import { openCompare } from './compare';
import { batch, connectionOf } from './connect';
import { classifyMssql } from './errors';
import { openMerge } from './merge';
import { registers } from './registers';
import * as schema from './schema';
import { bare } from './stage';
import { server } from './version';

export { connectMssql } from './connect';
export { mssqlSettings } from './address';

interface Patience {
  /** How long a transaction waits for other writers before it gives way and is tried again. */
  lockTimeoutMs: number;
  /** The same for a change of a table: everybody who comes later has to wait behind it. */
  changeTimeoutMs: number;
}

/** One migration or table change at a time, whichever process asks; freed with the transaction, also by a kill. */
async function lockAll(trx: Knex.Transaction, patience: Patience): Promise<void> {
  const connection = await connectionOf(trx);
  const [answer] = await batch(
    connection,
    `SET LOCK_TIMEOUT ${patience.changeTimeoutMs};
     DECLARE @got int;
     EXEC @got = sp_getapplock @Resource = 'zoho_mirror', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ${patience.lockTimeoutMs};
     SELECT @got AS got`,
  );
  if (Number(answer?.got) < 0) throw Object.assign(new Error('No lock'), { number: 1222 });
  await batch(connection, `IF SCHEMA_ID('zoho_mirror') IS NULL EXEC('CREATE SCHEMA zoho_mirror')`);
}

const run = async (trx: Knex.Transaction, sql: string): Promise<void> =>
  void (await batch(await connectionOf(trx), sql));

export const createMssqlDialect = ({
  lockTimeoutMs = 60_000,
  changeTimeoutMs = 5_000,
}: Partial<Patience> = {}): Dialect => ({
  name: 'mssql',
  takesPrepared: true,
  rowsPerBatch: 10_000,
  chunk: 50_000,
  own: (table) => `zoho_mirror.${table}`,
  quote: schema.quote,
  target: schema.target,
  writeTime: bare,
  readTime: (value) => (value instanceof Date ? instant(value.getTime()) : undefined),
  classify: classifyMssql,
  server,
  exclusively: (knex, work) =>
    knex.transaction(async (trx) => {
      await lockAll(trx, { lockTimeoutMs, changeTimeoutMs });
      try {
        return await work(trx);
      } finally {
        // The connection keeps it, and goes back to the others. Lost, it keeps nothing.
        await run(trx, `SET LOCK_TIMEOUT ${lockTimeoutMs}`).catch(() => undefined);
      }
    }),
  migrations: { tableName: 'migrations', schemaName: 'zoho_mirror' },
  savepoint: (trx) => run(trx, 'SAVE TRANSACTION zoho_mirror_step'),
  rollbackToSavepoint: (trx) => run(trx, 'ROLLBACK TRANSACTION zoho_mirror_step'),
  // SQL Server has no release: the next savepoint of the name takes its place.
  releaseSavepoint: async () => undefined,
  usable: async (trx) => {
    const [answer] = await batch(await connectionOf(trx), 'SELECT XACT_STATE() AS state');
    return Number(answer?.state) === 1;
  },
  describe: schema.describe,
  facts: schema.facts,
  addKeyIndex: schema.addKeyIndex,
  keyIndexCaution: schema.keyIndexCaution,
  addDefault: schema.addDefault,
  allowNull: schema.allowNull,
  retype: schema.retype,
  createTable: schema.createTable,
  addColumn: schema.addColumn,
  widen: schema.widen,
  bookkeeping: schema.bookkeeping,
  addBookkeeping: schema.addBookkeeping,
  canonical: (expression, type) => {
    switch (type.kind) {
      case 'bigint':
      case 'integer':
        return `CONVERT(varchar(20), CONVERT(bigint, ${expression}))`;
      case 'boolean':
        return `CONVERT(varchar(20), ${expression})`;
      case 'decimal':
        return `CONVERT(varchar(50), CONVERT(decimal(${type.precision}, ${type.scale}), ${expression}))`;
      case 'date':
        return `CONVERT(varchar(10), ${expression}, 23)`;
      case 'datetime':
        // Style 120 and not 126: not every T-SQL server writes the T.
        return `REPLACE(CONVERT(varchar(19), ${expression}, 120), ' ', 'T') + 'Z'`;
      case 'text':
        return expression;
    }
  },
  // Binary, because a column's own collation may take even more for equal, and two of them do not compare at all.
  folded: (expression) =>
    `LOWER(LTRIM(RTRIM(CONVERT(nvarchar(4000), ${expression})))) COLLATE Latin1_General_BIN2`,
  updateFrom: ({ target, set, from, on }) => `UPDATE t SET ${set} FROM ${target} t JOIN ${from} p ON ${on}`,
  page: (limit) => ({ top: `TOP (${Math.trunc(limit)})`, limit: '' }),
  targetTime: bare,
  openMerge: async (trx, layout) => openMerge(await connectionOf(trx), layout, lockTimeoutMs),
  registers,
  openCompare: async (trx, layout) => openCompare(await connectionOf(trx), layout),
});

export const mssqlDialect = createMssqlDialect();
