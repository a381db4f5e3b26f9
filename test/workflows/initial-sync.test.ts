// InitialSync on a real Temporal server, with activities that answer as a test wants.
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure, defineSearchAttributeKey } from '@temporalio/common';
import type { Activities, CreateJob, LoadPage } from '../../src/activities';
import { noCounts, searchAttributes, workflowTypes, type LoadStatus } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { chainOf, counts, fail, fakes, gate, hourMs, settings, type Fakes } from './fakes';
import { failureOf, reaches } from './reaches';

const healthKey = defineSearchAttributeKey(searchAttributes.health, 'KEYWORD');
let temporal: TestTemporal;
let runs = 0;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

type Handle = WorkflowHandle<() => Promise<LoadStatus>>;

interface Stage extends Fakes {
  handle: Handle;
  taskQueue: string;
  result: Promise<LoadStatus>;
}

async function sync<T>(
  change: Partial<Activities>,
  act: (stage: Stage) => Promise<T>,
  input: object = { module: 'Leads' },
): Promise<T> {
  const cast = fakes(temporal.client, change);
  return temporal.withWorker(cast.activities, async (taskQueue) => {
    const handle: Handle = await temporal.client.workflow.start(workflowTypes.initialSync, {
      taskQueue,
      workflowId: `initial-sync/${(runs += 1)}`,
      args: [input],
    });
    const result = handle.result();
    result.catch(() => undefined);
    return act({ ...cast, handle, taskQueue, result });
  });
}

const finished = (
  change: Partial<Activities> = {},
): Promise<Fakes & { status: LoadStatus; handle: Handle }> =>
  sync(change, async ({ result, ...stage }) => ({ ...stage, status: await result }));

describe('input', () => {
  test('an unknown key fails the run at once and names the allowed keys', async () => {
    const failure = await sync({}, ({ result }) => failureOf(result), { modul: 'Leads' });
    expect(failure).toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message:
        'InitialSync: "modul" is not known; "module" must be the API name of a module, such as "Leads". Allowed keys: "module"',
    });
  });

  test('a module that cannot be mirrored fails the run at once', async () => {
    const openModule: Activities['openModule'] = async () => {
      throw fail('InvalidInput', 'The module Nobody is not configured. Configured: Leads');
    };
    const failure = await sync({ openModule }, ({ result }) => failureOf(result), { module: 'Nobody' });
    expect(failure).toMatchObject({
      cause: { type: 'InvalidInput', message: 'The module Nobody is not configured. Configured: Leads' },
    });
  });

  test('a second start under the same id is refused while the first runs', async () => {
    const load = gate();
    const loadPage: Activities['loadPage'] = async ({ rows }) => {
      await load.opened;
      return { rows, counts: noCounts(), resumedAtRow: 0 };
    };
    await sync({ loadPage }, async ({ handle, taskQueue, result }) => {
      const again = temporal.client.workflow.start(workflowTypes.initialSync, {
        taskQueue,
        workflowId: handle.workflowId,
        args: [{ module: 'Leads' }],
      });
      await expect(again).rejects.toThrow(WorkflowExecutionAlreadyStartedError);
      load.open();
      await expect(result).resolves.toMatchObject({ phase: 'done' });
    });
  });
});

describe('a calm run', () => {
  test('trap 4: opens, subscribes, exports, loads, sweeps, moves the watermark and only then catches up', async () => {
    const { calls } = await finished();
    expect(calls).toEqual([
      'openModule',
      'beginLoad',
      'ensureChannel',
      'createExport',
      'readExport',
      'loadPage',
      'sweepUnseen',
      'completeLoad',
      'surveyChanges',
      'readChanges',
      'readDeletions',
      'advanceWatermark',
      'recordRun',
    ]);
  });

  test('old rows are matched once, before the channel could bring a record that one of them stands for', async () => {
    const openModule: Activities['openModule'] = async (module) => settings({ module, match: true });
    const requests: CreateJob[] = [];
    const first = await sync({ openModule }, async ({ calls, result }) => {
      const status = await result;
      return { calls, status };
    });
    expect(first.calls.slice(0, 9)).toEqual([
      'openModule',
      'beginLoad',
      'matchingSettled',
      'createExport',
      'readExport',
      'offerPage',
      'adoptMatches',
      'ensureChannel',
      'createExport',
    ]);
    expect(first.status).toMatchObject({
      pages: 1,
      counts: { read: 2, inserted: 2 },
      remarks: [
        '1 old rows were matched',
        '2 records match more than one old row, or share theirs; those rows are left alone: 13, 14',
      ],
    });
    const cast = fakes(temporal.client);
    const createExport: Activities['createExport'] = (request) => {
      requests.push(request);
      return cast.activities.createExport(request);
    };
    const { calls } = await finished({ openModule, createExport, matchingSettled: async () => true });
    expect(calls).not.toContain('offerPage');
    expect(requests).toEqual([{ module: 'Leads', page: 1 }]);
  });

  test('ends with counts, pages, T0 and watermark as plain JSON', async () => {
    const { status } = await finished();
    expect(status).toEqual({
      module: 'Leads',
      phase: 'done',
      health: 'ok',
      counts: { read: 2, inserted: 2, updated: 0, unchanged: 0, stale: 0, deleted: 0, rejected: 0 },
      pages: 1,
      rowsPerSecond: expect.any(Number) as number,
      page: { number: 1, rows: 2 },
      t0: '2026-03-01T10:10:00.000Z',
      since: '2026-03-01T10:10:00.000Z',
      route: 'coql',
      watermark: '2026-03-01T10:11:00.000Z',
    });
  });

  test('does not subscribe where Zoho cannot reach the API', async () => {
    const { calls } = await finished({ openModule: async () => settings({ polling: true }) });
    expect(calls).not.toContain('ensureChannel');
  });

  test('costs at most 40 history events a page', async () => {
    const eventsOf = async (pages: number): Promise<number> => {
      const { requests: _requests, ...chain } = chainOf(temporal.client, pages);
      const { handle } = await finished(chain);
      return (await handle.fetchHistory()).events!.length;
    };
    const few = await eventsOf(1);
    const many = await eventsOf(6);
    expect((many - few) / 5).toBeLessThanOrEqual(40);
  });
});

describe('exports', () => {
  test("Zoho's callback cuts a wait of an hour short", async () => {
    const createExport: Activities['createExport'] = async ({ page }) => ({
      jobId: '77',
      page,
      createdAt: '2026-03-01T10:10:30.000Z',
    });
    await sync({ createExport }, async ({ calls, handle, result }) => {
      await eventually('the export to be waited for', async () => {
        const { events } = await handle.fetchHistory();
        return events?.some(({ timerStartedEventAttributes: timer }) => timer != null);
      });
      expect(calls).not.toContain('readExport');
      await handle.signal('jobFinished', { jobId: '77' });
      await expect(result).resolves.toMatchObject({ phase: 'done' });
    });
  });

  test('without a callback the job is looked at when the wait is over', async () => {
    const createExport: Activities['createExport'] = async ({ page }) => ({
      jobId: '77',
      page,
      createdAt: '2026-03-01T10:10:30.000Z',
    });
    const states = ['running', 'running', 'completed'] as const;
    let looks = 0;
    const { status } = await finished({
      createExport,
      openModule: async () => settings({ pollFirstMs: 5, pollMaxMs: 10 }),
      readExport: async () => ({ state: states[looks++]!, stateText: '', rows: 2, downloadPath: '/x' }),
    });
    expect(looks).toBe(3);
    expect(status.phase).toBe('done');
  });

  test('a job that failed is created again', async () => {
    let looks = 0;
    const { calls, status } = await finished({
      readExport: async () =>
        (looks += 1) === 1
          ? { state: 'failed', stateText: 'FAILURE' }
          : { state: 'completed', stateText: 'COMPLETED', rows: 2, downloadPath: '/x' },
    });
    expect(calls.filter((name) => name === 'createExport')).toHaveLength(2);
    expect(status.counts.read).toBe(2);
  });

  test('a job that Zoho no longer knows is created again', async () => {
    let looks = 0;
    const { calls } = await finished({
      readExport: async () => {
        if ((looks += 1) === 1) throw fail('ExportGone', 'Zoho no longer knows the export job');
        return { state: 'completed', stateText: 'COMPLETED', rows: 2, downloadPath: '/x' };
      },
    });
    expect(calls.filter((name) => name === 'createExport')).toHaveLength(2);
  });

  test('after three failures a person is asked before the next fifty credits are spent', async () => {
    let looks = 0;
    const readExport: Activities['readExport'] = async () =>
      (looks += 1) <= 3
        ? { state: 'failed', stateText: 'FAILURE' }
        : { state: 'completed', stateText: 'COMPLETED', rows: 2, downloadPath: '/x' };
    await sync({ readExport }, async ({ handle, result, calls }) => {
      const degraded = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(degraded.lastError).toBe('The export of Leads failed 3 times: Zoho reports FAILURE');
      expect(calls.filter((name) => name === 'createExport')).toHaveLength(3);
      await handle.executeUpdate('resume');
      await expect(result).resolves.toMatchObject({ phase: 'done', health: 'ok' });
    });
  });

  test('trap 12: an expired chain starts again at page 1 with the same T0, and its rows are not counted twice', async () => {
    const moves: string[] = [];
    const { requests, createExport, readExport } = chainOf(temporal.client, 2);
    let expired = false;
    const { status } = await finished({
      readExport,
      createExport: async (request: CreateJob) => {
        if (request.page === 2 && !expired) {
          expired = true;
          requests.push({ page: 2, pageToken: 'expired' });
          throw fail('ChainExpired', 'Zoho no longer takes the page token (EXPIRED_VALUE)');
        }
        return createExport(request);
      },
      completeLoad: async ({ t0 }) => (moves.push(t0), t0),
    });
    expect(requests).toEqual([
      { page: 1 },
      { page: 2, pageToken: 'expired' },
      { page: 1 },
      { page: 2, pageToken: 'after-1' },
    ]);
    expect(moves).toEqual(['2026-03-01T10:10:00.000Z']);
    expect(status).toMatchObject({
      t0: '2026-03-01T10:10:00.000Z',
      pages: 2,
      counts: { read: 4, inserted: 4 },
    });
  });

  test('a page whose file is gone is exported again, and that page only', async () => {
    const { requests, ...chain } = chainOf(temporal.client, 3);
    const loaded: LoadPage[] = [];
    let lost = false;
    await finished({
      ...chain,
      loadPage: async (page) => {
        loaded.push(page);
        if (loaded.length === 2 && !lost) {
          lost = true;
          throw fail('ExportGone', 'Zoho no longer has the file of the export');
        }
        return { rows: page.rows, counts: counts({ read: page.rows }), resumedAtRow: 0 };
      },
    });
    expect(requests.map(({ page }) => page)).toEqual([1, 2, 3, 2]);
    expect(requests[3]).toEqual({ page: 2, pageToken: 'after-1' });
    // Whatever job a row came by, it is as old as the first job of the chain.
    expect(loaded.map(({ observedAt }) => observedAt)).toEqual(Array(4).fill('2026-03-01T10:20:01.000Z'));
  });

  test('a first page whose file is gone starts the chain again: another page 1 would not fit the other pages', async () => {
    const { requests, ...chain } = chainOf(temporal.client, 2);
    const loaded: string[] = [];
    const { status } = await finished({
      ...chain,
      loadPage: async ({ jobId, rows }) => {
        loaded.push(jobId);
        if (loaded.length === 1) throw fail('ExportGone', 'Zoho no longer has the file of the export');
        return { rows, counts: counts({ read: rows }), resumedAtRow: 0 };
      },
    });
    const pages = requests.map(({ page }) => page);
    expect(pages.slice(pages.lastIndexOf(1))).toEqual([1, 2]);
    expect(loaded).toHaveLength(3);
    expect(status).toMatchObject({ pages: 2, health: 'ok' });
  });

  test('the next page is exported while this one loads', async () => {
    const { requests, ...chain } = chainOf(temporal.client, 2);
    const asked: number[] = [];
    const { status } = await finished({
      ...chain,
      loadPage: async ({ rows, jobId }) => {
        if (jobId === '1') await eventually('the job of page 2', () => requests.length === 2);
        asked.push(requests.length);
        return { rows, counts: counts({ read: rows }), resumedAtRow: 0 };
      },
    });
    expect(asked).toEqual([2, 2]);
    expect(status.pages).toBe(2);
  });
});

describe('sweep and watermark', () => {
  test('a cancelled run neither sweeps nor moves the watermark, and leaves a row that says so', async () => {
    const load = gate();
    const outcomes: string[] = [];
    await sync(
      {
        loadPage: async ({ rows }) => {
          await load.opened;
          return { rows, counts: noCounts(), resumedAtRow: 0 };
        },
        recordRun: async ({ outcome }) => void outcomes.push(outcome),
      },
      async ({ handle, result, calls }) => {
        await eventually('the load', () => calls.includes('loadPage'));
        await handle.cancel();
        expect(await failureOf(result)).toBeInstanceOf(CancelledFailure);
        load.open();
        expect(calls).not.toContain('sweepUnseen');
        expect(calls).not.toContain('completeLoad');
        expect(calls).not.toContain('advanceWatermark');
        expect(outcomes).toEqual(['cancelled']);
      },
    );
  });

  test('suspiciously many unseen rows stop the run, until it is told to resume', async () => {
    const confirmations: (boolean | undefined)[] = [];
    const sweepUnseen: Activities['sweepUnseen'] = async ({ confirmed }) => {
      confirmations.push(confirmed);
      if (!confirmed) throw fail('TooManyUnseen', 'The export of Leads did not show 1001 of 5000 live rows');
      return { counts: counts({ deleted: 1 }) };
    };
    await sync({ sweepUnseen }, async ({ handle, result, calls }) => {
      const degraded = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(degraded).toMatchObject({
        phase: 'sweeping',
        lastError: 'The export of Leads did not show 1001 of 5000 live rows',
      });
      expect(calls).not.toContain('completeLoad');
      await handle.executeUpdate('resume');
      await expect(result).resolves.toMatchObject({ phase: 'done', health: 'ok', counts: { deleted: 1 } });
      expect(confirmations).toEqual([undefined, true]);
    });
  });

  test('a sweep goes on part by part until there is none left', async () => {
    const from: (string | undefined)[] = [];
    const { status } = await finished({
      sweepUnseen: async ({ after, rows, before }) => {
        from.push(after);
        expect({ rows, before }).toEqual({ rows: 2, before: '2026-03-01T10:10:30.000Z' });
        const next = { undefined: '10', '10': '20', '20': undefined }[String(after)];
        return { counts: counts({ deleted: 1 }), ...(next ? { after: next } : {}) };
      },
    });
    expect(from).toEqual([undefined, '10', '20']);
    expect(status.counts.deleted).toBe(3);
  });
});

describe('where a person must act', () => {
  test('resume looks at once whether there are API credits again', async () => {
    const waiting = 'Waiting for API credits: 10 left, reserve 20; goes on at about 2026-03-02T10:00:00Z';
    const refusals = [fail('CreditsReserved', waiting, [hourMs])];
    const openModule: Activities['openModule'] = async () => {
      const refusal = refusals.shift();
      if (refusal) throw refusal;
      return settings();
    };
    await sync({ openModule }, async ({ handle, result }) => {
      await reaches(handle, 'waiting', (status) => status.waiting === waiting);
      await handle.executeUpdate('resume');
      expect(await result).toMatchObject({ phase: 'done', health: 'ok' });
    });
  });

  test('a permanent error makes the run degraded, not failed; resume tries at once', async () => {
    let mended = false;
    const openModule: Activities['openModule'] = async () => {
      if (!mended) throw fail('SchemaMismatch', 'Leads lacks the column Budget');
      return settings();
    };
    await sync({ openModule }, async ({ handle, result }) => {
      const degraded = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(degraded).toMatchObject({ phase: 'starting', lastError: 'Leads lacks the column Budget' });
      mended = true;
      await handle.executeUpdate('resume');
      const done = await result;
      expect(done).toMatchObject({ phase: 'done', health: 'ok' });
      expect(done).not.toHaveProperty('lastError');
    });
  });

  test('trouble in the very first step is found by the search attribute', async () => {
    const openModule: Activities['openModule'] = async () => {
      throw fail('ZohoPermanent', 'The token is revoked');
    };
    await sync({ openModule, knowsSearchAttributes: async () => true }, async ({ handle, result }) => {
      await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      const { typedSearchAttributes } = await handle.describe();
      expect(typedSearchAttributes.get(healthKey)).toBe('degraded');
      await handle.cancel();
      await failureOf(result);
    });
  });

  test('a run that fails in its first step leaves a row that says why', async () => {
    const ends: unknown[] = [];
    await sync(
      {
        openModule: async () => {
          throw fail('InvalidInput', 'The module Leads is not configured');
        },
        recordRun: async (end) => void ends.push(end),
      },
      async ({ result }) => {
        await failureOf(result);
        expect(ends).toEqual([
          {
            module: 'Leads',
            outcome: 'failed',
            startedAt: expect.any(String),
            counts: noCounts(),
            detail: 'The module Leads is not configured',
          },
        ]);
      },
    );
  });

  test('a module that Zoho does not notify is loaded all the same, and says so', async () => {
    const notNotified = 'Zoho does not notify Leads: its changes come by catch-up, every 15 min';
    const ensureChannel: Activities['ensureChannel'] = async (module) => ({
      ...{ module, phase: 'waiting', health: 'ok', renewals: 0 },
      notNotified,
    });
    await sync({ ensureChannel }, async ({ result }) => {
      await expect(result).resolves.toMatchObject({ phase: 'done', health: 'ok', remarks: [notNotified] });
    });
  });

  test('a channel that cannot be subscribed holds the export back', async () => {
    let mended = false;
    const ensureChannel: Activities['ensureChannel'] = async (module) =>
      mended
        ? { module, phase: 'waiting', health: 'ok', renewals: 1 }
        : { module, phase: 'waiting', health: 'degraded', lastError: 'The scope is missing', renewals: 0 };
    await sync({ ensureChannel }, async ({ handle, result, calls }) => {
      const degraded = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(degraded).toMatchObject({ phase: 'subscribing', lastError: 'The scope is missing' });
      expect(calls).not.toContain('createExport');
      mended = true;
      await handle.executeUpdate('resume');
      await expect(result).resolves.toMatchObject({ phase: 'done' });
    });
  });

  test('pause stops before the next step, resume goes on', async () => {
    const load = gate();
    const loadPage: Activities['loadPage'] = async ({ rows }) => {
      await load.opened;
      return { rows, counts: noCounts(), resumedAtRow: 0 };
    };
    await sync({ loadPage }, async ({ handle, result, calls }) => {
      await eventually('the load', () => calls.includes('loadPage'));
      await expect(handle.executeUpdate('pause')).resolves.toMatchObject({ phase: 'loading' });
      load.open();
      await reaches(handle, 'paused', ({ phase }) => phase === 'paused');
      expect(calls).not.toContain('sweepUnseen');
      await handle.executeUpdate('resume');
      await expect(result).resolves.toMatchObject({ phase: 'done' });
    });
  });
});
