// What goes wrong between the mirror and SQL Server in the middle of a batch: nothing is half done, and the next try goes on.
import { DatabaseError, SupersededError, type Database, type TargetTable } from '../../src/db';
import { connectMssql, createMssqlDialect, mssqlSettings } from '../../src/db/mssql';
import { classifyMssql } from '../../src/db/mssql/errors';
import { createDatabase } from '../../src/db/store';
import { eventually } from '../support/eventually';
import { TcpProxy, type Cut } from '../support/tcp-proxy';
import { ann, aTable, bob, live, merge, mergeExport, rowsOf } from './database-kit';
import { beside, serverOf, testUrlWith, type Beside } from './mssql-server';

let proxy: TcpProxy;
/** Reaches the server through the proxy. */
let db: Database;
let direct: Beside;
/** Waits for no lock; its connections are good for nothing else. */
let prober: Beside;

const openedWith = (lockTimeoutMs: number): Database =>
  createDatabase(
    connectMssql(mssqlSettings(testUrlWith({ server: '127.0.0.1', port: proxy.port }))),
    createMssqlDialect({ lockTimeoutMs }),
  );

/** What a test leaves open, also one that fails. */
const leftOpen: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of leftOpen.splice(0)) await close().catch(() => undefined);
});

/** Gives way after a tenth of a second. */
function hastyDatabase(): Database {
  const hasty = openedWith(100);
  leftOpen.push(() => hasty.close());
  return hasty;
}

async function ownTransaction({ knex }: Beside = direct) {
  const trx = await knex.transaction();
  leftOpen.unshift(async () => trx.isCompleted() || trx.rollback());
  return trx;
}

beforeAll(async () => {
  proxy = await TcpProxy.open(serverOf());
  db = openedWith(60_000);
  direct = beside();
  prober = beside();
  await db.migrate();
});
afterAll(async () => {
  await db?.close();
  await direct?.close();
  await prober?.close();
  await proxy?.down();
});

async function made(): Promise<TargetTable> {
  const table = aTable();
  await db.ensureTable(table);
  return table;
}

const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => error,
  );

const rows = Array.from({ length: 1_000 }, (_, i) => live(`${i + 1}`, '10:00', '10:00', ann));
const checkpointOf = ({ table }: TargetTable) => ({
  jobId: `job-${table}`,
  from: 0,
  to: rows.length,
  complete: true,
});

/** Bytes that such a batch sends over a connection that is open already. */
async function bytesOfBatch(): Promise<number> {
  const table = await made();
  await merge(db, table, []);
  const before = proxy.sent;
  await merge(db, table, rows, { checkpoint: checkpointOf(table) });
  return proxy.sent - before;
}

test.each<[number, Cut]>([
  [0.02, 'reset'],
  [0.3, 'end'],
  [0.6, 'reset'],
  [0.9, 'end'],
  [0.99, 'reset'],
])(
  'a connection that is lost when %d of a batch is sent (%s) leaves nothing half done, and the batch goes in afterwards',
  async (share, how) => {
    const bytes = await bytesOfBatch();
    const table = await made();
    await merge(db, table, []);
    const cut = proxy.cutAfter(Math.floor(bytes * share), how);
    const failed = await outcome(merge(db, table, rows, { checkpoint: checkpointOf(table) }));
    await cut;
    expect(failed).toBeInstanceOf(DatabaseError);
    expect(failed).toMatchObject({ verdict: 'retry' });
    expect(await direct.sql(`SELECT COUNT(*) AS n FROM ${table.table}`)).toEqual([{ n: 0 }]);
    await merge(db, table, rows, { checkpoint: checkpointOf(table) });
    expect((await db.count(table)).live).toBe(rows.length);
  },
);

test('a commit whose answer is lost has happened once: the next try is told that it is overtaken', async () => {
  const bytes = await bytesOfBatch();
  const table = await made();
  const checkpoint = checkpointOf(table);
  await merge(db, table, []);
  // The commit is the last that is sent.
  const cut = proxy.cutAfter(bytes - 16, 'deliver');
  expect(await outcome(merge(db, table, rows, { checkpoint }))).toMatchObject({ verdict: 'retry' });
  await cut;
  await eventually('the commit', async () => (await db.checkpoint(checkpoint.jobId))?.complete);
  expect(await outcome(merge(db, table, rows, { checkpoint }))).toBeInstanceOf(SupersededError);
  expect((await db.checkpoint(checkpoint.jobId))?.counts).toMatchObject({ read: 1_000, inserted: 1_000 });
});

test('while the server is down every call says that it may be tried again, and when it is back the same process goes on', async () => {
  const table = await made();
  await proxy.down();
  for (const work of [() => db.ping(), () => merge(db, table, rows), () => db.state(table.module)])
    expect(await outcome(work())).toMatchObject({ verdict: 'retry' });
  expect(await outcome(db.ping())).toMatchObject({
    message: `The database cannot be reached: nothing listens there (127.0.0.1:${proxy.port}) (ECONNREFUSED)`,
  });
  await proxy.up();
  await merge(db, table, rows);
  expect((await db.count(table)).live).toBe(rows.length);
});

/** Another application in the middle of its work on these rows, until `end`. */
async function holding(table: TargetTable, id: number) {
  const trx = await ownTransaction();
  const change = (one: number) => trx.raw(`UPDATE ${table.table} SET Last_Name = 'theirs' WHERE id = ${one}`);
  await change(id);
  return { change, end: () => trx.commit(), giveUp: () => trx.rollback() };
}

test('who waits too long for a lock gives way, and goes in when the other has finished', async () => {
  const hasty = hastyDatabase();
  const table = await made();
  await merge(db, table, [live('1', '10:00', '10:00'), live('2', '10:00', '10:00')]);
  const other = await holding(table, 1);
  const newer = [live('1', '10:01', '10:01', bob), live('2', '10:01', '10:01', bob)];
  expect(await outcome(merge(hasty, table, newer))).toMatchObject({ verdict: 'retry', code: '1222' });
  await other.end();
  expect((await merge(hasty, table, newer)).counts.updated).toBe(2);
});

test('who waits too long for its turn among the writers of a module gives way too', async () => {
  const hasty = hastyDatabase();
  const table = await made();
  const trx = await ownTransaction();
  await trx.raw(
    `EXEC sp_getapplock @Resource = N'zoho_mirror:${table.module}', @LockMode = 'Exclusive', @LockOwner = 'Transaction'`,
  );
  expect(await outcome(merge(hasty, table, rows))).toMatchObject({ verdict: 'retry', code: '1222' });
  await trx.commit();
  expect((await merge(hasty, table, rows)).counts.inserted).toBe(rows.length);
});

/** Whether somebody else holds the row; the question itself waits for nothing. */
async function isLocked(table: TargetTable, id: number): Promise<boolean> {
  const trx = await ownTransaction(prober);
  await trx.raw('SET LOCK_TIMEOUT 1');
  const asked = await outcome(trx.raw(`UPDATE ${table.table} SET Active = Active WHERE id = ${id}`));
  await trx.rollback().catch(() => undefined);
  return classifyMssql(asked).code === '1222';
}

test('the victim of a deadlock gives way, and goes in afterwards', async () => {
  const table = await made();
  const ids = ['1', '2'];
  await merge(
    db,
    table,
    ids.map((id) => live(id, '10:00', '10:00')),
  );
  const other = await holding(table, 2);
  const newer = ids.map((id) => live(id, '10:01', '10:01', bob));
  const merging = outcome(merge(db, table, newer));
  await eventually('the merge to hold row 1', () => isLocked(table, 1));
  const theirs = await outcome(other.change(1));
  // Theirs are the locks that it waits for; the server chooses who has to go.
  if (theirs === 'done') await other.end();
  else await other.giveUp();
  const ours = await merging;
  const victims = [theirs, ours].filter((one) => one !== 'done');
  expect(victims).toHaveLength(1);
  if (ours === 'done') expect(classifyMssql(theirs).code).toBe('1205');
  else expect(ours).toMatchObject({ verdict: 'retry', code: '1205' });
  await merge(db, table, newer);
  const [first] = await rowsOf(db, table);
  expect(first).toMatch(/^1 (Bob|theirs),/);
});

test('a page that is sent prepared is as whole or absent as any other', async () => {
  const bytes = await bytesOfBatch();
  const table = await made();
  await merge(db, table, []);
  const cut = proxy.cutAfter(Math.floor(bytes * 0.5));
  expect(await outcome(mergeExport(db, table, rows))).toMatchObject({ verdict: 'retry' });
  await cut;
  expect((await mergeExport(db, table, rows)).counts.inserted).toBe(rows.length);
});
