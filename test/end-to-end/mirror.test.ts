// The product as its users run it: processes, a Temporal server, a CRM that lives on meanwhile, and a kill -9.
import { mutate } from '../../simulator';
import { TASK_QUEUE, workflowIds, workflowTypes, type LoadStatus } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { Town } from './town';

let town: Town | undefined;
afterEach(async () => {
  await town?.close();
  town = undefined;
});

const start = (open: Town, type: string, workflowId: string, module = 'Leads') =>
  open.client.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId, args: [{ module }] });

const equal = (open: Town): Promise<boolean> =>
  eventually('both sides to be equal', async () => (await open.differences()).length === 0, 45_000);

test('a killed process, edits during the load and notifications after it: the table equals the CRM', async () => {
  const open = (town = await Town.open({
    simulator: { records: 500, pageRows: 100, downloadsPerMinute: 100 },
  }));
  const { sim, client } = open;
  sim.faults.add({ kind: 'stall', route: 'bulk.download', times: 1 });
  const sync = await start(open, workflowTypes.initialSync, workflowIds.initialSync('Leads'));
  await eventually('a download that stands still', () => sim.stats.count('bulk.download') >= 1);
  mutate(sim.crm, { module: 'Leads', creates: 5, edits: 20, deletes: 5, seed: 1 });
  await open.stop('SIGKILL');
  mutate(sim.crm, { module: 'Leads', creates: 2, edits: 10, deletes: 3, seed: 2 });
  await open.start();
  const first = (await sync.result()) as LoadStatus;
  expect(first).toMatchObject({ module: 'Leads', phase: 'done', health: 'ok', pages: 5 });
  expect(first.watermark).toMatch(/Z$/);

  mutate(sim.crm, { module: 'Leads', creates: 5, edits: 20, deletes: 5, seed: 3 });
  await equal(open);
  const channel = await client.workflow.getHandle(workflowIds.channelRenewal('Leads')).describe();
  expect([channel.status.name, await channel.staticSummary()]).toEqual([
    'RUNNING',
    "Keeps Zoho's notification channel for Leads alive",
  ]);

  const again = await start(open, workflowTypes.initialSync, workflowIds.initialSync('Leads'));
  const second = (await again.result()) as LoadStatus;
  const { total } = sim.truth('Leads');
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, rejected: 0 });
  expect(second.counts.read).toBeGreaterThanOrEqual(total);
  expect(await open.differences()).toEqual([]);

  const unknown = await start(open, workflowTypes.initialSync, workflowIds.initialSync('Nobody'), 'Nobody');
  await expect(unknown.result()).rejects.toMatchObject({
    cause: {
      cause: { type: 'InvalidInput', message: 'The module Nobody is not configured. Configured: Leads' },
    },
  });

  expect(await open.stop('SIGTERM')).toBe(0);
});

test('without a public address a catch-up brings edits and deletions; wrong configuration is refused', async () => {
  const open = (town = await Town.open({ simulator: { records: 60 }, polling: true }));
  const { sim } = open;
  const sync = await start(open, workflowTypes.initialSync, workflowIds.initialSync('Leads'));
  expect(await sync.result()).toMatchObject({ phase: 'done', health: 'ok' });
  expect(sim.channels.live()).toEqual([]);

  mutate(sim.crm, { module: 'Leads', creates: 1, edits: 3, deletes: 2, seed: 5 });
  expect(await open.differences()).not.toEqual([]);
  const catchUp = await start(open, workflowTypes.catchUpSync, workflowIds.catchUp('Leads'));
  expect(await catchUp.result()).toMatchObject({
    phase: 'done',
    route: 'coql',
    counts: { deleted: 2, inserted: 1 },
  });
  expect(await open.differences()).toEqual([]);

  const { code, lines } = await open.refusal({ ZOHO_CLIENT_ID: '', PORT: 'eighty', WEBHOOK_SECRET: '' });
  expect(code).toBe(2);
  expect(lines).toEqual([
    'ZOHO_CLIENT_ID is not set. Needed: the OAuth client id',
    'WEBHOOK_SECRET is not set. Needed: a secret text, better of 16 characters or more',
    'PORT=eighty is not valid. Allowed: 0 to 65535',
  ]);
});
