// Reconcile on a real Temporal server, with activities that answer as a test wants.
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities, CheckPart, CompareEnd } from '../../src/activities';
import { workflowTypes, type ReconcileInput, type ReconcileStatus } from '../../src/contracts';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fail, fakes, settings, type Fakes } from './fakes';
import { failureOf, reaches } from './reaches';

let temporal: TestTemporal;
let runs = 0;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

type Handle = WorkflowHandle<() => Promise<ReconcileStatus>>;
type Stage = Fakes & { handle: Handle; result: Promise<ReconcileStatus> };

async function reconcile<T>(
  change: Partial<Activities>,
  input: Partial<ReconcileInput>,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const cast = fakes(temporal.client, change);
  return temporal.withWorker(cast.activities, async (taskQueue) => {
    const handle: Handle = await temporal.client.workflow.start(workflowTypes.reconcile, {
      taskQueue,
      workflowId: `reconcile/${(runs += 1)}`,
      args: [{ module: 'Leads', ...input }],
    });
    const result = handle.result();
    result.catch(() => undefined);
    return act({ ...cast, handle, result });
  });
}

const finished = (change: Partial<Activities>, input: Partial<ReconcileInput> = {}) =>
  reconcile(change, input, async ({ result, calls }) => ({ calls, status: await result }));

const found = (open: number) => ({
  open,
  foreign: 1,
  foreignSamples: ['7'],
  checkedAt: '2026-03-01T10:11:00.000Z',
  credits: 0,
});

const report = {
  compared: 3,
  missing: 1,
  extra: 1,
  stale: 0,
  rejected: 0,
  repaired: 0,
  pending: 0,
  samples: { missing: ['1'], extra: ['2'], stale: [], rejected: [] },
};

test('equal sides: one export of ids and times, no second look, nothing written, nothing left behind', async () => {
  const asked: unknown[] = [];
  const { status, calls } = await finished({
    comparePage: async (page) => {
      asked.push(page);
      return { rows: page.rows, counts: counts({ read: page.rows }), resumedAtRow: 0, credits: 1 };
    },
  });
  expect(asked).toEqual([
    {
      module: 'Leads',
      jobId: '1',
      downloadPath: '/result/1',
      rows: 2,
      observedAt: '2026-03-01T10:10:30.000Z',
      page: 1,
      fields: false,
    },
  ]);
  expect(calls).toEqual([
    'openModule',
    'readWatermark',
    'createExport',
    'readExport',
    'comparePage',
    'compareEnd',
    'reportDifferences',
    'dropComparison',
    'recordRun',
  ]);
  expect(status).toMatchObject({
    module: 'Leads',
    phase: 'done',
    health: 'ok',
    compared: 2,
    missing: 0,
    extra: 0,
    stale: 0,
    foreign: 0,
    rejected: 0,
    repaired: 0,
    pages: 1,
    repair: false,
    fields: false,
    credits: 1,
  });
});

test('what may be on its way is looked at again after a while, part by part, and the last look decides', async () => {
  const looks: CheckPart[] = [];
  const { status, calls } = await finished({
    compareEnd: async () => found(2),
    checkDifferences: async (part) => {
      looks.push(part);
      return { open: part.last ? 0 : 1, ...(looks.length === 1 ? { after: '5' } : {}), credits: 1 };
    },
    reportDifferences: async () => report,
  });
  const quiet = '2026-03-01T10:10:59.983Z';
  const look = { module: 'Leads', fields: false, settledUpTo: quiet, last: false };
  expect(looks).toEqual([
    look,
    { ...look, after: '5' },
    look,
    look,
    { ...look, settledUpTo: '2026-03-01T10:11:00.000Z', last: true },
  ]);
  expect(calls).not.toContain('repairDifferences');
  expect(status).toMatchObject({ missing: 1, extra: 1, foreign: 1, repaired: 0, credits: 6 });
  expect(status.samples).toEqual({ missing: ['1'], extra: ['2'], stale: [], foreign: ['7'], rejected: [] });
});

test('with repair real differences are written and counted again', async () => {
  let repaired = 0;
  const { status } = await finished(
    {
      compareEnd: async () => found(2),
      repairDifferences: async () => {
        repaired = 2;
        return { counts: counts({ read: 2, inserted: 1, deleted: 1 }), credits: 2 };
      },
      reportDifferences: async () => ({ ...report, repaired }),
    },
    { repair: true, fields: true },
  );
  expect(status).toMatchObject({ missing: 1, extra: 1, repaired: 2, repair: true, fields: true });
  expect(status.counts).toMatchObject({ inserted: 1, deleted: 1 });
});

test('without notifications a catch-up brings what is on its way, then one look decides', async () => {
  const looks: CheckPart[] = [];
  const { calls } = await finished({
    openModule: async (module) => settings({ module, polling: true, pollFirstMs: 1 }),
    compareEnd: async () => found(1),
    checkDifferences: async (part) => {
      looks.push(part);
      return { open: 0 };
    },
  });
  expect(looks.map(({ last }) => last)).toEqual([true]);
  expect(calls.indexOf('surveyChanges')).toBeLessThan(calls.indexOf('checkDifferences'));
  expect(calls).toContain('advanceWatermark');
});

test('suspiciously many extra rows stop it, degraded, until a person says resume', async () => {
  const ends: CompareEnd[] = [];
  await reconcile(
    {
      compareEnd: async (end) => {
        ends.push(end);
        if (!end.confirmed) throw fail('TooManyUnseen', 'The export did not show 5000 of 5001 live rows');
        return found(0);
      },
    },
    { repair: true },
    async ({ handle, result, calls }) => {
      const status = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(status).toMatchObject({
        phase: 'asking',
        lastError: 'The export did not show 5000 of 5001 live rows',
      });
      expect(calls).not.toContain('repairDifferences');
      await handle.executeUpdate('resume');
      expect(await result).toMatchObject({ phase: 'done', health: 'ok' });
      expect(ends.map(({ confirmed }) => confirmed ?? false)).toEqual([false, true]);
    },
  );
});

test('a module without a complete load, and keys that are not known, are refused', async () => {
  const unloaded = await reconcile({ readWatermark: async () => undefined }, {}, ({ result }) =>
    failureOf(result),
  );
  expect(unloaded).toMatchObject({ type: 'InvalidInput' });
  const unknown = await reconcile({}, { repare: true } as Partial<ReconcileInput>, ({ result }) =>
    failureOf(result),
  );
  expect(unknown).toMatchObject({
    type: 'InvalidInput',
    message: 'Reconcile: "repare" is not known. Allowed keys: "module", "repair", "fields"',
  });
  const wrong = await reconcile({}, { repair: 'yes' } as unknown as Partial<ReconcileInput>, ({ result }) =>
    failureOf(result),
  );
  expect(wrong).toMatchObject({
    message: expect.stringContaining('"repair" must be true or false') as string,
  });
});

test('a cancelled run leaves nothing behind and a row in sync_run', async () => {
  await reconcile(
    { compareEnd: () => Promise.reject(fail('DatabasePermanent', 'No right to write')) },
    {},
    async ({ handle, result, calls }) => {
      await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      await handle.cancel();
      await failureOf(result);
      expect(calls.slice(-2)).toEqual(['dropComparison', 'recordRun']);
    },
  );
});
