// Changes of zoho-mirror.yaml as docs/upgrades.md describes them, in a whole installation: said first, then done, and nothing is lost.
import Sqlite from 'better-sqlite3';
import { scheduleIds, TASK_QUEUE, workflowIds, workflowTypes } from '../../src/contracts';
import { zohoMirror } from '../cli/commands';
import { eventually } from '../support/eventually';
import { Town } from './town';

const leads = (settings: string): string => `  Leads: { ${settings} }\n`;
const contacts = '  Contacts: { fields: [Last_Name, Email] }\n';
const modules = (...lines: string[]): string => `modules:\n${lines.join('')}`;

let town: Town;
beforeAll(async () => {
  town = await Town.open({
    simulator: { records: 60, downloadsPerMinute: 1_000, refreshesPerTenMinutes: 1_000 },
    yaml: modules(leads('fields: [Last_Name, Company]')),
  });
}, 60_000);
afterAll(() => town?.close());

function rows(statement: string): Record<string, unknown>[] {
  const db = new Sqlite(town.env.LEGACY_DB!.replace('sqlite:', ''), { readonly: true });
  try {
    return db.prepare(statement).all() as Record<string, unknown>[];
  } finally {
    db.close();
  }
}
const count = (from: string): number => rows(`SELECT COUNT(*) AS n FROM ${from}`)[0]!.n as number;

async function load(module: string): Promise<void> {
  const handle = await town.client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync(module),
    args: [{ module }],
  });
  expect(await handle.result()).toMatchObject({ phase: 'done', health: 'ok' });
}

/** No load is under way, and so many there have been. */
const loaded = (module: string, times: number): Promise<boolean> =>
  eventually(`${times} loads of ${module}`, async () => {
    const runs: string[] = [];
    const query = `WorkflowId = '${workflowIds.initialSync(module)}'`;
    for await (const { status } of town.client.workflow.list({ query })) runs.push(status.name);
    return runs.length === times && runs.every((status) => status === 'COMPLETED');
  });

/** What `check` says of the changes of a module. */
async function said(module: string): Promise<string> {
  const ran = await zohoMirror(['check', '--json'], { env: town.env });
  const { checks } = ran.json() as { checks: { check: string; detail: string }[] };
  return checks.find(({ check }) => check === `changes of ${module}`)?.detail ?? 'nothing';
}

async function restartWith(yaml: string): Promise<void> {
  town.configure(yaml);
  await town.stop();
  await town.start();
}

/** The worker has compared the configuration with what was loaded, and knows all that has happened since. */
const applied = (module: string, is: string): Promise<boolean> =>
  eventually(`${module} to be loaded as ${is}`, () => {
    const [state] = rows(`SELECT loaded_as FROM zoho_mirror_sync_state WHERE module = '${module}'`);
    return String(state?.loaded_as).includes(is);
  });
const equal = (module: string): Promise<boolean> =>
  eventually('both sides to be equal', async () => (await town.differences(module)).length === 0, 30_000);

test('a field that is added is said, and old rows are filled', async () => {
  await load('Leads');
  expect(rows('PRAGMA table_info(Leads)').map(({ name }) => name)).not.toContain('Email');
  const more = modules(leads('fields: [Last_Name, Company, Email]'));
  town.configure(more);
  expect(await said('Leads')).toBe(
    'since the last load: the field Email is new; a worker that starts loads the module again',
  );
  await restartWith(more);
  await applied('Leads', '"Email"');
  expect(count('Leads WHERE Email IS NOT NULL')).toBeGreaterThan(30);
  await equal('Leads');
  await loaded('Leads', 2);
  expect(await said('Leads')).toBe('nothing');
}, 90_000);

test('a field that is removed keeps its column with the values that it had, and nothing is loaded again', async () => {
  const [{ id, Company } = {}] = rows(
    'SELECT CAST(id AS TEXT) AS id, Company FROM Leads WHERE Company IS NOT NULL',
  );
  await restartWith(modules(leads('fields: [Last_Name, Email]')));
  await eventually('the change to count', () => {
    const [state] = rows(`SELECT loaded_as FROM zoho_mirror_sync_state WHERE module = 'Leads'`);
    return !String(state?.loaded_as).includes('Company');
  });
  town.sim.crm.edit('Leads', String(id), { Last_Name: 'Later', Company: 'Elsewhere' });
  await eventually('the edit', () => count(`Leads WHERE id = ${String(id)} AND Last_Name = 'Later'`) === 1);
  expect(rows(`SELECT Company FROM Leads WHERE id = ${String(id)}`)).toEqual([{ Company }]);
  await loaded('Leads', 2);
}, 90_000);

test('another table is said, and filled; the old one stays', async () => {
  const other = modules(leads('fields: [Last_Name, Email], table: Kunden'));
  town.configure(other);
  expect(await said('Leads')).toBe(
    'since the last load: table: Leads is now Kunden; a worker that starts loads the module again',
  );
  await restartWith(other);
  await applied('Leads', '"Kunden"');
  await equal('Leads');
  expect(count('Kunden WHERE zoho_deleted_at IS NULL')).toBe(town.sim.truth('Leads').total);
  expect(count('Leads')).toBe(count('Kunden'));
  await loaded('Leads', 3);
}, 90_000);

test('a module that is added is loaded; taken out, it rests; configured again, it goes on from where it was', async () => {
  const one = modules(leads('fields: [Last_Name, Email], table: Kunden'));
  await restartWith(one + contacts);
  await load('Contacts');
  await equal('Contacts');
  const watermark = () =>
    String(rows(`SELECT watermark FROM zoho_mirror_sync_state WHERE module = 'Contacts'`)[0]?.watermark);
  const left = watermark();

  // As docs/upgrades.md has it: while the module is still configured.
  const channel = town.client.workflow.getHandle(workflowIds.channelRenewal('Contacts'));
  await channel.cancel();
  await channel.result().catch(() => undefined);
  for (const id of [scheduleIds.catchUp('Contacts'), scheduleIds.reconcile('Contacts')])
    await town.client.schedule.getHandle(id).delete();
  await restartWith(one);
  const [first, second] = town.sim.crm.table('Contacts').ids();
  town.sim.crm.edit('Contacts', first!, { Last_Name: 'While away' });
  town.sim.crm.remove('Contacts', second!);
  expect(
    town.sim.channels
      .live()
      .map(({ events }) => JSON.stringify(events))
      .join(),
  ).not.toContain('Contacts');

  await restartWith(one + contacts);
  await equal('Contacts');
  await eventually('the watermark', () => watermark() > left);
  await loaded('Contacts', 1);
  await loaded('Leads', 3);
  await eventually('the channel', async () => (await channel.describe()).status.name === 'RUNNING');
  town.sim.crm.edit('Contacts', first!, { Last_Name: 'Notified again' });
  await eventually('a notification', () => count(`Contacts WHERE Last_Name = 'Notified again'`) === 1);
}, 120_000);
