// What the product starts says in the Web UI's list what it is for.
import { randomUUID } from 'node:crypto';
import { scheduleIds, workflowIds } from '../../src/contracts';
import {
  ensureSchedules,
  requestCatchUp,
  sendHints,
  startDryRun,
  startInitialSync,
  startReconcile,
} from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

test('every workflow that the product starts has a summary', async () => {
  const { client } = temporal;
  await startInitialSync(client, 'Leads', 'Loads Leads');
  await startDryRun(client, 'Leads');
  await startReconcile(client, { module: 'Leads' });
  await requestCatchUp(client, 'Leads', {});
  const receivedAt = '2026-01-31T08:00:00Z';
  await sendHints(client, 'Leads', { ids: ['1'], operation: 'update', receivedAt });
  const summaries = await Promise.all(
    ['initialSync', 'dryRun', 'reconcile', 'catchUp', 'notificationSync'].map(async (name) => {
      const id = workflowIds[name as keyof typeof workflowIds]('Leads');
      return (await client.workflow.getHandle(id).describe()).staticSummary();
    }),
  );
  expect(summaries).toEqual([
    'Loads Leads',
    'Says what a load of Leads would do',
    'Compares Leads with its table',
    'Reads what changed in Leads since the watermark',
    'Applies notified changes of Leads',
  ]);
});

test('so has what its schedules start', async () => {
  const { client } = temporal;
  const module = `Module_${randomUUID().slice(0, 8)}`;
  await ensureSchedules(client, module, { catchUpMs: 900_000, reconcileMs: 900_000 });
  const actions = await Promise.all(
    Object.values(scheduleIds).map(async (idOf) => {
      const { action } = await client.schedule.getHandle(idOf(module)).describe();
      return action.staticSummary;
    }),
  );
  expect(actions).toEqual([
    `Reads what changed in ${module} since the watermark`,
    `Compares ${module} with its table`,
  ]);
});
