// CatchUpSync on a real Temporal server, with activities that answer as a test wants.
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities, Advance, ChangesPart } from '../../src/activities';
import {
  noCounts,
  TASK_QUEUE,
  workflowIds,
  workflowTypes,
  type CatchUpRequest,
  type LoadStatus,
} from '../../src/contracts';
import { requestCatchUp } from '../../src/temporal';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fakes, gate, settings, type Fakes } from './fakes';
import { failureOf } from './reaches';

let temporal: TestTemporal;
let runs = 0;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

type Handle = WorkflowHandle<() => Promise<LoadStatus>>;
type Stage = Fakes & { handle: Handle; result: Promise<LoadStatus> };

async function catchUp<T>(
  change: Partial<Activities>,
  request: CatchUpRequest,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const cast = fakes(temporal.client, change);
  return temporal.withWorker(cast.activities, async (taskQueue) => {
    const handle: Handle = await temporal.client.workflow.start(workflowTypes.catchUpSync, {
      taskQueue,
      workflowId: `catch-up/${(runs += 1)}`,
      args: [{ module: 'Leads', ...request }],
    });
    const result = handle.result();
    result.catch(() => undefined);
    return act({ ...cast, handle, result });
  });
}

const finished = (change: Partial<Activities>, request: CatchUpRequest = {}) =>
  catchUp(change, request, async ({ result, calls }) => ({ calls, status: await result }));

test('few changes are read by id from five minutes before the watermark, page by page, then the deletions', async () => {
  const parts: ChangesPart[] = [];
  const asked: unknown[] = [];
  const { status } = await finished({
    surveyChanges: async (...args) => (
      asked.push(args),
      { started: '2026-03-01T10:10:00.000Z', many: false }
    ),
    readChanges: async (part) => {
      parts.push(part);
      return {
        counts: counts({ read: 2, updated: 2 }),
        ...(parts.length === 1 ? { after: { modifiedAt: '2026-03-01T10:05:00.000Z', id: '7' } } : {}),
      };
    },
    readDeletions: async (part) => {
      asked.push(part);
      return part.page === 1 ? { counts: counts({ deleted: 1 }), nextPage: 51 } : { counts: counts({}) };
    },
  });
  expect(asked).toEqual([
    ['Leads', '2026-03-01T09:55:00.000Z', 4_500],
    { module: 'Leads', since: '2026-03-01T09:55:00.000Z', page: 1 },
    { module: 'Leads', since: '2026-03-01T09:55:00.000Z', page: 51 },
  ]);
  const range = { module: 'Leads', since: '2026-03-01T09:55:00.000Z', until: '2026-03-01T10:10:00.000Z' };
  expect(parts).toEqual([range, { ...range, after: { modifiedAt: '2026-03-01T10:05:00.000Z', id: '7' } }]);
  expect(status).toEqual({
    module: 'Leads',
    phase: 'done',
    health: 'ok',
    counts: { read: 4, inserted: 0, updated: 4, unchanged: 0, stale: 0, deleted: 1, rejected: 0 },
    pages: 0,
    since: '2026-03-01T10:00:00.000Z',
    route: 'coql',
    watermark: '2026-03-01T10:10:00.000Z',
  });
});

test('a list of deletions of several pages is read again until nothing new turns up', async () => {
  const pages: number[] = [];
  // A record is restored while the second page is fetched: another slips onto the first, and only the second reading shows it.
  const found = [199, 1, 1, 0, 0, 0];
  const { status } = await finished({
    readDeletions: async ({ page }) => {
      const deleted = found[pages.length] ?? 0;
      pages.push(page);
      return { counts: counts({ deleted }), several: true, ...(page === 1 ? { nextPage: 51 } : {}) };
    },
  });
  expect(pages).toEqual([1, 51, 1, 51, 1, 51]);
  expect(status.counts.deleted).toBe(201);
});

test('many changes are exported with that criterion and loaded like any page', async () => {
  const exported: unknown[] = [];
  const cast = fakes(temporal.client);
  const { status, calls } = await finished({
    surveyChanges: async () => ({ started: '2026-03-01T10:10:00.000Z', many: true }),
    createExport: (request) => (exported.push(request), cast.activities.createExport(request)),
  });
  expect(exported).toEqual([{ module: 'Leads', page: 1, modifiedSince: '2026-03-01T09:55:00.000Z' }]);
  expect(calls).not.toContain('readChanges');
  expect(calls).not.toContain('sweepUnseen');
  expect(status).toMatchObject({ route: 'bulk-read', pages: 1, counts: { read: 2 } });
});

test('a watermark that this run must not move is not shown as moved', async () => {
  const asked: Advance[] = [];
  const { status } = await finished(
    { advanceWatermark: async (advance) => void asked.push(advance) },
    { since: '2026-03-01T10:00:01Z' },
  );
  expect(asked).toEqual([{ module: 'Leads', since: '2026-03-01T10:00:01Z', to: '2026-03-01T10:10:00.000Z' }]);
  expect(status).not.toHaveProperty('watermark');
});

test('a start earlier than the watermark moves it to the own start of the run', async () => {
  const { status } = await finished({}, { since: '2026-02-01T00:00:00+01:00' });
  expect(status).toMatchObject({
    since: '2026-02-01T00:00:00+01:00',
    watermark: '2026-03-01T10:10:00.000Z',
  });
});

test('without a watermark and without a start it fails and says what to do', async () => {
  await catchUp({ readWatermark: async () => undefined }, {}, async ({ result }) => {
    expect(await failureOf(result)).toMatchObject({
      type: 'InvalidInput',
      message:
        'Leads was never loaded completely, so it is not known since when. Load it: zoho-mirror sync Leads; or give "since"',
    });
  });
});

test('without a complete load it reads from a given start', async () => {
  const { calls } = await finished(
    { readWatermark: async () => undefined },
    { since: '2026-02-01T00:00:00Z' },
  );
  expect(calls).toContain('readDeletions');
});

test('every run leaves a row, also one that fails', async () => {
  const outcomes: string[] = [];
  const recordRun: Activities['recordRun'] = async ({ outcome }) => void outcomes.push(outcome);
  await finished({ recordRun });
  await catchUp({ recordRun, readWatermark: async () => undefined }, {}, ({ result }) => failureOf(result));
  expect(outcomes).toEqual(['done', 'failed']);
});

test.each(['yesterday', '2026-02-01', '2026-02-01T00:00:00'])('a start like %s is refused', async (since) => {
  await catchUp({}, { since }, async ({ result }) => {
    expect(await failureOf(result)).toMatchObject({
      type: 'InvalidInput',
      message:
        'CatchUpSync: "since" must be an ISO 8601 time with an offset, such as "2026-01-31T08:00:00Z". Allowed keys: "module", "since"',
    });
  });
});

test('asked twice more while it reads, it goes round once more, from the earliest start asked for', async () => {
  const read = gate();
  const since: string[] = [];
  await catchUp(
    {
      readChanges: async (part) => {
        since.push(part.since);
        await read.opened;
        return { counts: noCounts() };
      },
    },
    {},
    async ({ handle, result, calls }) => {
      await eventually('the first round', () => calls.includes('readChanges'));
      await handle.signal('catchUpAgain', {});
      await handle.signal('catchUpAgain', { since: '2026-02-01T00:05:00Z' });
      read.open();
      await result;
      expect(since).toEqual(['2026-03-01T09:55:00.000Z', '2026-02-01T00:00:00.000Z']);
    },
  );
});

test('the request that starts it is served by one round', async () => {
  const { activities, calls } = fakes(temporal.client);
  await temporal.withWorker(
    activities,
    async () => {
      await requestCatchUp(temporal.client, 'Leads', { since: '2026-02-01T00:05:00Z' });
      await temporal.client.workflow.getHandle(workflowIds.catchUp('Leads')).result();
      expect(calls.filter((name) => name === 'readChanges')).toHaveLength(1);
    },
    { taskQueue: TASK_QUEUE },
  );
});

test.each([
  ['well', '2026-03-01T10:00:00.000Z'],
  ['badly', undefined],
])(
  'what is asked while a run that ended %s is being recorded is done by the next run',
  async (_how, watermark) => {
    const recording = gate();
    const since: string[] = [];
    await catchUp(
      {
        readWatermark: async () => watermark,
        readChanges: async (part) => (since.push(part.since), { counts: noCounts() }),
        recordRun: async () => recording.opened,
      },
      {},
      async ({ handle, result, calls }) => {
        await eventually('the end of the first run', () => calls.includes('recordRun'));
        await handle.signal('catchUpAgain', { since: '2026-02-01T00:05:00Z' });
        recording.open();
        await expect(result).resolves.toMatchObject({ phase: 'done', since: '2026-02-01T00:05:00Z' });
        expect(since.at(-1)).toBe('2026-02-01T00:00:00.000Z');
      },
    );
  },
);

describe('the channel', () => {
  const found: Partial<Activities> = {
    surveyChanges: async () => ({
      started: '2026-03-01T10:10:00.000Z',
      many: false,
      counts: counts({ read: 1, updated: 1 }),
    }),
  };

  test('is doubted where a catch-up had something to write', async () => {
    expect((await finished(found)).calls.at(-2)).toBe('doubtSilentChannel');
  });

  test('is believed where it had nothing to write, however much it has read', async () => {
    const nothing = async () => ({
      started: '2026-03-01T10:10:00.000Z',
      many: false,
      counts: counts({ read: 9, unchanged: 9 }),
    });
    expect((await finished({ surveyChanges: nothing })).calls).not.toContain('doubtSilentChannel');
  });

  test('is none where the mirror polls', async () => {
    const polls: Activities['openModule'] = async (module) => settings({ module, polling: true });
    expect((await finished({ ...found, openModule: polls })).calls).not.toContain('doubtSilentChannel');
  });
});
