// A login that has only the rights that docs/sql-server.md asks for. The suite's own login must be allowed to make logins.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openDatabase, SchemaMismatchError, type Database, type TargetTable } from '../../src/db';
import { connectMssql, mssqlSettings } from '../../src/db/mssql';
import { noCounts } from '../../src/contracts';
import { recordId } from '../../src/mirror/record-id';
import { built } from '../support/built';
import { documentedSql } from '../support/documented';
import { aTable, at, gone, live, merge, mergeExport } from './database-kit';
import { testUrl, testUrlWith } from './mssql-server';

const login = `zm_least_${Date.now().toString(36)}`;
const password = 'Only-What-It-Needs-5!';
const admin = connectMssql(mssqlSettings(testUrl()));
const asAdmin = async (...statements: string[]): Promise<void> => {
  for (const statement of statements) await admin.raw(statement);
};
const table: TargetTable = { ...aTable({ deletes: 'hard', schema: 'check' }), match: ['Last_Name'] };
const url = testUrlWith({ user: login, password });
/** What the page tells the DBA to run for the login. */
const documented = documentedSql('docs/sql-server.md')[0]!
  .replaceAll('zoho_mirror_user', login)
  .replaceAll('dbo.Leads', table.table)
  .replace(/--.*/g, '')
  .split(';')
  .filter((statement) => statement.trim() !== '');
let db: Database;

beforeAll(async () => {
  // The DBA makes the mirror's tables and the target, as `schema print` gives them.
  const owner = await openDatabase(testUrl());
  await owner.migrate();
  await owner.ensureTable({ ...table, schema: 'extend' });
  await owner.close();
  await asAdmin(`CREATE LOGIN ${login} WITH PASSWORD = '${password}'`, ...documented);
  db = await openDatabase(url);
});
afterAll(async () => {
  await db?.close();
  for (const statement of [
    `DROP TABLE ${table.table}`,
    `REVOKE SELECT, INSERT, UPDATE, DELETE ON SCHEMA::zoho_mirror FROM ${login}`,
    `DROP USER ${login}`,
    `DROP LOGIN ${login}`,
  ])
    await asAdmin(statement).catch(() => undefined);
  await admin.destroy();
});

test('the rights are those of the page', () => {
  expect(documented.map((statement) => statement.trim().replaceAll(login, 'it'))).toEqual([
    'CREATE USER it FOR LOGIN it',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::zoho_mirror TO it',
    `GRANT SELECT, INSERT, UPDATE ON ${table.table} TO it`,
  ]);
});

test('a right that is missing is named with the GRANT that gives it, before anything is written', async () => {
  const error: unknown = await db.ensureTable(table).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SchemaMismatchError);
  const { findings, statements } = error as SchemaMismatchError;
  expect(findings).toEqual([`The login may not DELETE on ${table.table}`]);
  expect(statements).toEqual([`GRANT DELETE ON [${table.table}] TO [${login}]`]);
  await asAdmin(...statements);
  expect(await db.ensureTable(table)).toEqual({ created: false, added: [], widened: [] });
});

test('with just these rights a worker starts, loads, deletes, rejects, matches, compares and counts', async () => {
  await db.migrate();
  expect(await db.rehearse([table])).toEqual([{ created: false, added: [], widened: [] }]);
  const rows = ['1', '2', '3'].map((id) => live(id, '10:00', '10:01'));
  expect((await mergeExport(db, table, rows)).counts).toEqual({ ...noCounts(), read: 3, inserted: 3 });
  const mixed = [
    gone('1', '10:05'),
    live('2', '10:02', '10:02', ['Bob', null, null]),
    live('4', '10:00', '10:01', ['x'.repeat(30), null, null]),
  ];
  expect((await merge(db, table, mixed)).counts).toEqual({
    ...noCounts(),
    read: 2,
    updated: 1,
    deleted: 1,
    rejected: 1,
  });
  expect(await db.listRejects(table.module, {})).toHaveLength(1);
  const checkpoint = { jobId: `${table.table}-least`, from: 0, to: 3, complete: true };
  await db.matching.offer(table, { observations: rows, first: true, checkpoint });
  expect(await db.matching.adopt(table)).toEqual({ adopted: 0, ambiguous: 0 });
  const run = {
    runId: `least-${table.table}`,
    first: true,
    checkpoint: { ...checkpoint, jobId: `${checkpoint.jobId}-2` },
  };
  await db.preview.keep(table, { ...run, observations: rows, rejects: [] });
  expect(await db.preview.end(table, run.runId)).toMatchObject({ unchanged: 1, updated: 1, inserted: 1 });
  await db.comparison.drop(run.runId);
  expect(await db.moveWatermark(table.module, at('10:00'))).toBe(at('10:00'));
  await db.recordRun({
    runId: run.runId,
    workflow: 'InitialSync',
    module: table.module,
    outcome: 'done',
    counts: noCounts(),
  });
  await db.writeToken(run.runId, 'sealed');
  expect(await db.claim(run.runId, 'a', 0)).toBe(0);
  await db.writeSpent([{ process: run.runId.slice(0, 40), minute: at('10:00'), credits: 1 }]);
  expect((await db.registers(table, [recordId('2')])).size).toBe(1);
});

test('where the mirror may extend a table, the right to do so is asked for when there is something to do', async () => {
  const extending: TargetTable = { ...table, schema: 'extend' };
  expect(await db.rehearse([extending])).toEqual([{ created: false, added: [], widened: [] }]);
  const columns = [...table.columns, { name: 'City', type: { kind: 'text' as const, length: 20 } }];
  const more = { ...extending, columns };
  for (const look of [() => db.rehearse([more]), () => db.ensureTable(more)]) {
    const error: unknown = await look().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SchemaMismatchError);
    const { findings, statements } = error as SchemaMismatchError;
    expect(findings[0]).toBe(`The login may not ALTER on ${table.table}`);
    expect(statements[0]).toBe(`GRANT ALTER ON [${table.table}] TO [${login}]`);
  }
});

/** How a worker with this database ends, and the last that it says. */
const workerEnds = async (): Promise<[code: unknown, lastLine: string | undefined]> => {
  const entry = join(await built(), 'worker.js');
  const env = {
    PATH: process.env.PATH,
    ZOHO_CLIENT_ID: 'client',
    ZOHO_CLIENT_SECRET: 'secret',
    ZOHO_REFRESH_TOKEN: 'refresh',
    WEBHOOK_SECRET: 'a-secret-of-sixteen',
    METRICS_PORT: '0',
    LEGACY_DB: url,
  };
  return new Promise((resolve) =>
    execFile(process.execPath, [entry], { env, cwd: __dirname }, (error, _out, text) =>
      resolve([error?.code, text.trim().split('\n').at(-1)]),
    ),
  );
};

test('a worker whose login may not do a pending migration says so when it starts, and what is to be done', async () => {
  const owner = await openDatabase(testUrl());
  try {
    await asAdmin(
      'DROP TABLE zoho_mirror.comparison_reject',
      `DELETE FROM zoho_mirror.migrations WHERE name = '0005-preview'`,
    );
    expect(await workerEnds()).toEqual([
      2,
      expect.stringMatching(
        /^worker: The mirror's own tables lack 0005-preview, and this login could not make them: a right is missing \(\d+\)\. Somebody who may has to run what `zoho-mirror schema print` prints$/,
      ),
    ]);
    await asAdmin(...(await owner.ownTablesSql()));
    await db.migrate();
    expect(await db.pendingMigrations()).toEqual([]);
  } finally {
    await owner.migrate();
    await owner.close();
  }
});

test('a right that is taken away stops the next batch, and says which', async () => {
  await asAdmin(`REVOKE INSERT ON ${table.table} FROM ${login}`);
  const error: unknown = await merge(db, table, [live('9', '10:00', '10:01')]).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SchemaMismatchError);
  expect(String(error)).toContain(
    `The login may not INSERT on ${table.table}. To mend it, run: GRANT INSERT ON`,
  );
  expect(await db.openRejects(table.module)).toBe(1);
});
