// The product as its users run it, on SQL Server: a load that is shot inside a transaction, a server that goes away, live edits, Reconcile.
import type { Knex } from 'knex';
import { mutate } from '../../simulator';
import {
  TASK_QUEUE,
  workflowIds,
  workflowTypes,
  type LoadStatus,
  type ReconcileStatus,
} from '../../src/contracts';
import {
  beside,
  emptyDatabase,
  serverOf,
  testUrl,
  testUrlWith,
  type Beside,
} from '../integration/mssql-server';
import { eventually } from '../support/eventually';
import { TcpProxy } from '../support/tcp-proxy';
import { Town } from './town';

const records = 300;
const simulator = { records, pageRows: 150, downloadsPerMinute: 1_000 };

let town: Town | undefined;
let direct: Beside;
/** Of another application. */
let other: Knex.Transaction | undefined;
beforeAll(() => (direct = beside()));
afterAll(async () => direct?.close());
beforeEach(async () => emptyDatabase(['Leads']));
afterEach(async () => {
  if (other?.isCompleted() === false) await other.rollback();
  await town?.close();
  town = undefined;
});

const start = (open: Town, type: string, workflowId: string, input: object = { module: 'Leads' }) =>
  open.client.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId, args: [input] });
const load = (open: Town) => start(open, workflowTypes.initialSync, workflowIds.initialSync('Leads'));
const equal = (open: Town): Promise<boolean> =>
  eventually('both sides to be equal', async () => (await open.differences()).length === 0, 60_000);

const one = async (statement: string): Promise<Record<string, unknown>> =>
  (await direct.sql(statement))[0] ?? {};

/** Rows of all pages so far that are committed. */
const committed = async (): Promise<number> =>
  Number((await one('SELECT COALESCE(SUM(rows_done), 0) AS n FROM zoho_mirror.page_checkpoint')).n);

/** Nothing is committed any more, for so many looks in a row. */
async function standstill(looks = 40): Promise<void> {
  let seen: number[] = [];
  await eventually(
    'a load that stands still',
    async () => {
      const rows = await committed();
      seen = [...seen.filter((earlier) => earlier === rows), rows];
      return seen.length > looks;
    },
    60_000,
  );
}

test('a worker that is killed inside the transaction of a batch leaves nothing of the batch, and another goes on from there', async () => {
  const open = (town = await Town.open({ simulator, env: { LEGACY_DB: testUrl() } }));
  const { sim } = open;
  expect(await (await load(open)).result()).toMatchObject({ phase: 'done', health: 'ok', pages: 2 });
  expect(await open.differences()).toEqual([]);

  // Another application holds a row: at the batch that has it the second load stands still, inside its transaction.
  const before = await one('SELECT MAX(zoho_observed_at) AS o FROM Leads');
  const rowsBefore = await committed();
  other = await direct.knex.transaction();
  await other.raw(`UPDATE Leads SET Company = Company WHERE id = ${sim.crm.table('Leads').ids()[100]}`);
  const second = await load(open);
  await eventually('the load', async () => (await committed()) > rowsBefore, 60_000);
  await standstill();
  await open.stop('SIGKILL');
  await other.rollback();
  const rows = (await committed()) - rowsBefore;
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThan(records);
  const touched = await direct
    .knex('Leads')
    .where('zoho_observed_at', '>', before.o as Date)
    .count({ n: '*' });
  expect(Number(touched[0]?.n)).toBe(rows);

  mutate(sim.crm, { module: 'Leads', creates: 3, edits: 10, deletes: 5, seed: 2 });
  await open.start();
  const done = (await second.result()) as LoadStatus;
  expect(done).toMatchObject({ phase: 'done', health: 'ok', counts: { rejected: 0 } });
  await equal(open);
}, 180_000);

test('edits and deletions arrive by notification; what an outsider does to the table is found and repaired', async () => {
  const open = (town = await Town.open({ simulator, env: { LEGACY_DB: testUrl() } }));
  const { sim } = open;
  await (await load(open)).result();
  mutate(sim.crm, { module: 'Leads', creates: 5, edits: 30, deletes: 8, seed: 3 });
  await equal(open);
  expect((await one('SELECT COUNT(*) AS n FROM Leads WHERE zoho_deleted_at IS NOT NULL')).n).toBe(8);

  const [changed, removed] = sim.crm.table('Leads').ids();
  await direct.sql(`UPDATE Leads SET Company = N'Planted' WHERE id = ${changed}`);
  await direct.sql(`DELETE FROM Leads WHERE id = ${removed}`);
  await direct.sql(`INSERT INTO Leads (id, Company) VALUES (77, N'of somebody else')`);
  const reconcile = async (): Promise<ReconcileStatus> => {
    const run = await start(open, workflowTypes.reconcile, workflowIds.reconcile('Leads'), {
      module: 'Leads',
      repair: true,
      fields: true,
    });
    return (await run.result()) as ReconcileStatus;
  };
  expect(await reconcile()).toMatchObject({ missing: 1, stale: 1, extra: 0, foreign: 1, repaired: 2 });
  expect(await open.differences()).toMatchObject([{ id: '77' }]);
  expect(await reconcile()).toMatchObject({ missing: 0, stale: 0, extra: 0, foreign: 1, repaired: 0 });
}, 180_000);

test('a server that is down when a load starts, and goes away again in the middle of it, is waited for', async () => {
  const proxy = await TcpProxy.open(serverOf());
  try {
    const address = testUrlWith({ server: '127.0.0.1', port: proxy.port });
    const open = (town = await Town.open({ simulator, env: { LEGACY_DB: address } }));
    await proxy.down();
    const sync = await load(open);
    const triedAgain = (): Promise<boolean> =>
      eventually('another try', async () => {
        const { pendingActivities } = (await sync.describe()).raw;
        return (pendingActivities ?? []).some(({ attempt }) => (attempt ?? 0) >= 3);
      });
    await triedAgain();
    await proxy.up();
    open.sim.faults.add({ kind: 'stall', route: 'bulk.download', times: 1 });
    await eventually('the first batches', async () => (await committed()) > 0);
    await proxy.down();
    await triedAgain();
    mutate(open.sim.crm, { module: 'Leads', creates: 2, edits: 5, deletes: 2, seed: 4 });
    await proxy.up();
    expect(await sync.result()).toMatchObject({ phase: 'done', health: 'ok' });
    await equal(open);
  } finally {
    await town?.close();
    town = undefined;
    await proxy.down();
  }
}, 180_000);
