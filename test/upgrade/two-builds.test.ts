// Two builds take turns on one task queue, as during a replacement: what the older one began or does not know, the newer one ends.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import { noCounts, queries, workflowTypes, type LoadStatus } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { fakes, gate } from '../workflows/fakes';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

const load = (taskQueue: string, workflowId: string) =>
  temporal.client.workflow.start<() => Promise<LoadStatus>>(workflowTypes.initialSync, {
    taskQueue,
    workflowId,
    args: [{ module: 'Leads' }],
  } as never);

test('an activity that the older build does not have is tried again until the newer one takes it', async () => {
  const { completeLoad: _missing, ...older } = fakes(temporal.client).activities;
  const newer = fakes(temporal.client);
  const taskQueue = 'activities';
  const handle = await temporal.withWorker(
    older,
    async () => {
      const started = await load(taskQueue, 'activities');
      await eventually('a second attempt', async () => {
        const { raw } = await started.describe();
        return raw.pendingActivities?.some(
          ({ activityType, attempt }) => activityType?.name === 'completeLoad' && Number(attempt) > 1,
        );
      });
      expect(await started.query<LoadStatus>(queries.status)).toMatchObject({ health: 'ok' });
      return started;
    },
    { taskQueue },
  );
  const result = await temporal.withWorker(newer.activities, () => handle.result(), { taskQueue });
  expect(result).toMatchObject({ phase: 'done', health: 'ok' });
  expect(newer.calls).toContain('completeLoad');
});

/** Today's workflows with one more step behind `patched`, as CONTRIBUTING.md asks for. */
async function newerBundle(): Promise<{ code: string }> {
  const root = join(__dirname, '..', '..');
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-newer-'));
  try {
    cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const file = join(folder, 'src', 'workflows', 'initial-sync.ts');
    const text = readFileSync(file, 'utf8');
    const step = '    const { observedAt, counts } = await pages.run(settings);\n';
    if (!text.includes(step))
      throw new Error('InitialSync is built otherwise by now: put the new step elsewhere');
    // Where the older build's run has already been: on replay it must not be there.
    const newer = text.replace(step, `    if (patched('one-more-step')) await sleep(1);\n${step}`);
    writeFileSync(file, `import { patched, sleep } from '@temporalio/workflow';\n${newer}`);
    return await bundleWorkflowCode({
      workflowsPath: join(folder, 'src', 'workflows', 'index.ts'),
      logger: new DefaultLogger('ERROR'),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a load that the older build began is ended by the newer one, behind patched()', async () => {
  const taskQueue = 'workflows-one-after-the-other';
  const [began, goOn] = [gate(), gate()];
  const loadPage: Activities['loadPage'] = async ({ rows }) => {
    began.open();
    await goOn.opened;
    return { rows, counts: { ...noCounts(), read: rows, inserted: rows }, resumedAtRow: 0 };
  };
  const handle = await temporal.withWorker(
    fakes(temporal.client, { loadPage }).activities,
    async () => {
      const started = await load(taskQueue, 'patched');
      await began.opened;
      goOn.open();
      return started;
    },
    { taskQueue },
  );
  const result = await temporal.withWorker(fakes(temporal.client).activities, () => handle.result(), {
    taskQueue,
    workflowBundle: await newerBundle(),
  });
  expect(result).toMatchObject({ phase: 'done', health: 'ok', counts: { inserted: 2 } });
});

test('a load that begins in the newer build takes the new step', async () => {
  const taskQueue = 'workflows-newer';
  await temporal.withWorker(
    fakes(temporal.client).activities,
    async () => (await load(taskQueue, 'newer')).result(),
    { taskQueue, workflowBundle: await newerBundle() },
  );
  const { events } = await temporal.client.workflow.getHandle('newer').fetchHistory();
  expect(events?.filter((event) => event.markerRecordedEventAttributes)).toHaveLength(1);
});
