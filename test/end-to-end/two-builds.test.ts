// A release is put in place while a load runs: a newer build, with a migration of its own, works beside the older one on the same tables and
// the same load, until the older one is killed.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Child } from '../../dev/child';
import { freePort } from '../../dev/ports';
import { mutate } from '../../simulator';
import { TASK_QUEUE, updates, workflowIds, workflowTypes, type LoadStatus } from '../../src/contracts';
import { builtCopy } from '../support/built-copy';
import { eventually } from '../support/eventually';
import { Town } from './town';

const root = join(__dirname, '..', '..');
const file = 'src/db/own/migrations/index.ts';

/** Today's build with one migration more, of the kind that docs/upgrades.md allows. */
function newerBuild(): string {
  const text = readFileSync(join(root, file), 'utf8');
  const end = '\n];\n';
  if (text.split(end).length !== 2) throw new Error('The list of steps looks otherwise by now');
  const step = `
async function later(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  for (const table of ['sync_state', 'sync_run', 'page_checkpoint', 'rejected_record'])
    await trx.schema.alterTable(dialect.own(table as 'sync_state'), (t) => void t.string('later', 10).nullable());
  await trx.schema.createTable('zoho_mirror_later', (t) => void t.integer('id'));
}
`;
  return builtCopy(root, {
    file,
    text: text.replace(end, `\n  { name: '9999-later', up: later },${end}`) + step,
  });
}

let town: Town;
let newer: string;
const children: Child[] = [];
beforeAll(async () => {
  town = await Town.open({
    simulator: { records: 500, pageRows: 100, downloadsPerMinute: 1_000, refreshesPerTenMinutes: 1_000 },
  });
  newer = newerBuild();
}, 60_000);
afterAll(async () => {
  for (const child of children) await child.kill('SIGTERM');
  await town?.close();
  rmSync(newer, { recursive: true, force: true });
});

const start = (type: string, workflowId: string) =>
  town.client.workflow.start<() => Promise<LoadStatus>>(type, {
    taskQueue: TASK_QUEUE,
    workflowId,
    args: [{ module: 'Leads' }] as never,
  });

/** Brings a few edits into the table, and answers the processes that did it. */
async function catchUp(): Promise<string[]> {
  edits += 1;
  mutate(town.sim.crm, { module: 'Leads', creates: 0, edits: 3, deletes: 0, seed: 100 + edits });
  const run = await start(workflowTypes.catchUpSync, workflowIds.catchUp('Leads'));
  expect(await run.result()).toMatchObject({ phase: 'done', health: 'ok', counts: { rejected: 0 } });
  const { events } = await run.fetchHistory();
  const begun = (events ?? []).map((event) => event.activityTaskStartedEventAttributes?.identity);
  return begun.filter((identity) => identity != null).map((identity) => identity.split('@')[0]!);
}
let edits = 0;

const equal = (): Promise<boolean> =>
  eventually('both sides to be equal', async () => (await town.differences()).length === 0, 45_000);

test('both builds work on one load, and the newer one ends it alone: the table equals the CRM', async () => {
  const { sim, env, folder } = town;
  await (await start(workflowTypes.initialSync, workflowIds.initialSync('Leads'))).result();
  const downloads = sim.stats.count('bulk.download');
  sim.faults.add({ kind: 'stall', route: 'bulk.download', times: 1 });
  const load = await start(workflowTypes.initialSync, workflowIds.initialSync('Leads'));
  await eventually('a download that stands still', () => sim.stats.count('bulk.download') > downloads);
  // It stays where it is, in the middle, for as long as the test needs.
  await load.executeUpdate(updates.pause);

  const worker = await town.process('newer-worker', join(newer, 'dist', 'src', 'worker.js'), /worker ready/, {
    METRICS_PORT: `${await freePort()}`,
  });
  children.push(worker);
  const db = new Sqlite(env.LEGACY_DB!.replace('sqlite:', ''), { readonly: true });
  const steps = db.prepare('SELECT name FROM zoho_mirror_migrations').pluck().all();
  db.close();
  expect(steps).toContain('9999-later');

  // A run's tasks stay with whoever took its first one, so it takes a few runs until both have had one.
  const workers = new Set<string>();
  await eventually(
    'work of both builds after the migration',
    async () => {
      for (const pid of await catchUp()) workers.add(pid);
      return workers.size === 2;
    },
    40_000,
  );
  expect(workers).toContain(`${worker.pid}`);
  expect((await load.describe()).status.name).toBe('RUNNING');

  await town.stop('SIGKILL');
  await load.executeUpdate(updates.resume);
  mutate(sim.crm, { module: 'Leads', creates: 2, edits: 10, deletes: 3, seed: 2 });
  expect(await load.result()).toMatchObject({ phase: 'done', health: 'ok', counts: { rejected: 0 } });

  children.push(
    await town.process('newer-api', join(newer, 'dist', 'src', 'api', 'main.js'), /api ready/, {
      METRICS_PORT: `${await freePort()}`,
    }),
  );
  mutate(sim.crm, { module: 'Leads', creates: 2, edits: 10, deletes: 3, seed: 3 });
  await equal();
  for (const log of ['zoho-mirror.log', 'newer-worker.log'])
    expect(readFileSync(join(folder, log), 'utf8')).not.toMatch(/"msg":"degraded"|SQLITE_ERROR/);

  const ports = { PORT: `${await freePort()}`, METRICS_PORT: `${await freePort()}` };
  const { code, lines } = await town.refusal(ports);
  expect(code).toBe(2);
  expect(lines.at(-1)).toContain('The database was set up by a newer version of the mirror: update this one');
}, 120_000);
