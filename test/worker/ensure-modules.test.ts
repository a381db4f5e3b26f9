// What a worker ensures at its start, on a real Temporal server with activities that answer as a test wants.
import { loadedAs, loadFingerprint, targetTable, type Activities } from '../../src/activities';
import { TASK_QUEUE, scheduleIds, workflowIds, workflowTypes } from '../../src/contracts';
import { DatabaseError, SchemaMismatchError, type SyncState } from '../../src/db';
import { planMapping } from '../../src/mirror';
import { ensureModules } from '../../src/worker/ensure-modules';
import { loadAgainWhenChanged } from '../../src/worker/load-again';
import { pauseSchedules, resumeSchedules } from '../../src/temporal';
import { ZohoError } from '../../src/zoho';
import { eventually } from '../support/eventually';
import { leadFields } from '../support/leads';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fail, fakes, gate, hourMs, type Fakes } from '../workflows/fakes';
import { failureOf, reaches } from '../workflows/reaches';

let temporal: TestTemporal;
beforeEach(async () => {
  temporal = await startTemporal();
});
afterEach(() => temporal.close());

type Deps = Parameters<typeof ensureModules>[0];
type Log = Parameters<typeof ensureModules>[1];
type Pause = NonNullable<Parameters<typeof ensureModules>[2]['pause']>;

/** What the configuration makes of Leads. */
function planOf(change: { table?: string; fields?: string[] } = {}) {
  const { fields, table = 'Leads' } = change;
  const mapping = planMapping('Leads', leadFields, {
    columns: {},
    values: {},
    ...(fields ? { fields } : {}),
  });
  const settings = { table, columns: {}, key: 'id', deletes: 'soft', bookkeeping: 'side-table', match: [] };
  return { mapping, table: targetTable(settings as unknown as Parameters<typeof targetTable>[0], mapping) };
}
type Plan = ReturnType<typeof planOf>;

interface Start {
  publicUrl?: string;
  plan?: Plan;
  makePlan?: () => Promise<Plan>;
  pause?: Pause;
}

interface House extends Fakes {
  warnings: string[];
  /** What is told of changes. */
  told: string[];
  /** What the database remembers of the last load. */
  stored: Pick<SyncState, 'fingerprint' | 'loadedAs'>;
  start: (change?: Start) => Promise<void>;
  /** What a worker does that has been running for so many hours. */
  work: (hours: number, change?: Start) => Promise<void>;
}

async function withHouse(change: Partial<Activities>, act: (house: House) => Promise<void>): Promise<void> {
  const cast = fakes(temporal.client, change);
  const warnings: string[] = [];
  const told: string[] = [];
  const log = {
    info: ({ changes }: { changes?: string }, text: string) => changes && told.push(`${text}: ${changes}`),
    warn: (_facts: object, text: string) => warnings.push(text),
  };
  const stored: House['stored'] = { fingerprint: loadFingerprint(planOf()), loadedAs: loadedAs(planOf()) };
  const noPause: Pause = async () => {
    throw new Error('nothing should have to wait');
  };
  const depsOf = (change: Start): Deps => {
    const { publicUrl = 'https://mirror.example', plan = planOf() } = change;
    return {
      config: {
        modules: { Leads: {} },
        schedules: { catchUpMs: hourMs, reconcileMs: 24 * hourMs },
        ...(publicUrl === '' ? {} : { publicUrl }),
      },
      db: {
        state: async () => ({ module: 'Leads', watermark: 1, ...stored, droppedFields: [] }),
        setLoaded: async (_module: string, fingerprint: string, as: SyncState['loadedAs']) =>
          Object.assign(stored, { fingerprint, loadedAs: as }),
      },
      catalog: { plan: change.makePlan ?? (async () => plan) },
      temporal: temporal.client,
    } as unknown as Deps;
  };
  const stopping = (): AbortSignal => new AbortController().signal;
  const start: House['start'] = (change = {}) =>
    ensureModules(depsOf(change), log as unknown as Log, {
      stopping: stopping(),
      pause: change.pause ?? noPause,
    });
  const work: House['work'] = (hours, change = {}) => {
    let passed = 0;
    const pause: Pause = async (ms) => {
      expect(ms).toBe(hourMs);
      if ((passed += 1) > hours) throw new Error('stopped');
    };
    const working = loadAgainWhenChanged(depsOf(change), log as unknown as Log, {
      stopping: stopping(),
      pause,
    });
    return working.catch(() => undefined);
  };
  await temporal.withWorker(cast.activities, () => act({ ...cast, warnings, told, stored, start, work }), {
    taskQueue: TASK_QUEUE,
  });
}

const channel = () => temporal.client.workflow.getHandle(workflowIds.channelRenewal('Leads'));
const state = async (workflowId: string): Promise<string> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).status.name;

test('after Temporal lost its storage there is a channel and a schedule again, and a catch-up; the next start renews only', async () => {
  await withHouse({}, async ({ start, calls }) => {
    await start();
    expect(await state(workflowIds.channelRenewal('Leads'))).toBe('RUNNING');
    const schedule = temporal.client.schedule.getHandle(scheduleIds.catchUp('Leads'));
    expect((await schedule.describe()).spec.intervals).toEqual([{ every: hourMs }]);
    await temporal.client.workflow.getHandle(workflowIds.catchUp('Leads')).result();
    expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(1);
    await start();
    expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(2);
    expect(calls.filter((name) => name === 'surveyChanges')).toHaveLength(1);
  });
});

test('a channel that an operator cancelled stays cancelled', async () => {
  await withHouse({}, async ({ start, calls }) => {
    await start();
    await channel().cancel();
    await failureOf(channel().result());
    await start();
    expect(await state(workflowIds.channelRenewal('Leads'))).toBe('CANCELLED');
    expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(1);
  });
});

test('a channel that an operator paused stays paused, and what comes after it is ensured all the same', async () => {
  await withHouse({}, async ({ start, calls, warnings }) => {
    await start();
    await channel().executeUpdate('pause');
    await start({ plan: planOf({ table: 'Kunden' }) });
    expect(warnings).toEqual(['the channel is left as it is']);
    expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(1);
    expect(await state(workflowIds.initialSync('Leads'))).toMatch(/RUNNING|COMPLETED/);
  });
});

const hasLoad = async (): Promise<boolean> =>
  temporal.client.workflow
    .getHandle(workflowIds.initialSync('Leads'))
    .describe()
    .then(
      () => true,
      () => false,
    );

test('another table is told and loaded; a field less is told, counts from now on, and needs no load', async () => {
  await withHouse({}, async ({ start, told, stored }) => {
    const fewer = planOf({ fields: ['Last_Name', 'Modified_Time'] });
    await start({ plan: fewer });
    expect(told[0]).toMatch(
      /^what is mirrored has changed; no load is needed: the field Budget is no longer/,
    );
    expect([stored.fingerprint, await hasLoad()]).toEqual([loadFingerprint(fewer), false]);
    await start({ plan: planOf({ fields: ['Last_Name', 'Modified_Time'], table: 'Kunden' }) });
    expect(told.slice(1)).toEqual([
      'what is mirrored has changed; loading again: table: Leads is now Kunden',
    ]);
    expect(await hasLoad()).toBe(true);
  });
});

describe('a field that appears while the worker runs', () => {
  const before = planOf({ fields: ['Last_Name', 'Modified_Time'] });
  const setBack = ({ stored }: House): object =>
    Object.assign(stored, { fingerprint: loadFingerprint(before), loadedAs: loadedAs(before) });

  test('is filled by a load within the hour, and by one a day at most', async () => {
    await withHouse({}, async (house) => {
      setBack(house);
      await house.work(2);
      expect(house.told).toEqual([
        expect.stringMatching(/^what is mirrored has changed; loading again: the field \w+ is new/),
      ]);
      await temporal.client.workflow.getHandle(workflowIds.initialSync('Leads')).result();
      await house.work(2);
      expect([house.told.length, await hasLoad()]).toEqual([1, true]);
    });
  });

  test('is not loaded where an operator has paused the module, or has cancelled its load', async () => {
    await withHouse({}, async (house) => {
      await house.start();
      setBack(house);
      await pauseSchedules(temporal.client, 'Leads');
      await house.work(1);
      expect(house.told).toEqual([]);
      await resumeSchedules(temporal.client, 'Leads');
      const load = await startLoad();
      await load.cancel();
      await failureOf(load.result());
      await house.work(1);
      expect(house.told).toEqual([]);
    });
  });
});

test('a database that an earlier version has loaded is not loaded again, and is known in words from then on', async () => {
  await withHouse({}, async ({ start, told, stored }) => {
    Object.assign(stored, { fingerprint: planOf().mapping.fingerprint, loadedAs: undefined });
    await start();
    expect([told, await hasLoad()]).toEqual([[], false]);
    expect(stored.loadedAs?.table).toBe('Leads');
    await start({ plan: planOf({ table: 'Kunden' }) });
    expect(await hasLoad()).toBe(true);
  });
});

test('a load that began under other settings is waited for, and then done again', async () => {
  const [began, goOn] = [gate(), gate()];
  let loads = 0;
  const loadPage: Activities['loadPage'] = async ({ rows }) => {
    loads += 1;
    began.open();
    await goOn.opened;
    return { rows, counts: counts({ read: rows, inserted: rows }), resumedAtRow: 0 };
  };
  await withHouse({ loadPage }, async ({ start }) => {
    const running = await startLoad();
    await began.opened;
    const ensured = start({ plan: planOf({ table: 'Kunden' }) });
    goOn.open();
    await Promise.all([running.result(), ensured]);
    await temporal.client.workflow.getHandle(workflowIds.initialSync('Leads')).result();
    expect(loads).toBe(2);
  });
});

const startLoad = () =>
  temporal.client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync('Leads'),
    args: [{ module: 'Leads' }],
  });

test('without PUBLIC_URL the channel is given up, and comes back with it', async () => {
  const dropped: unknown[] = [];
  let polling = false;
  const renewChannel: Activities['renewChannel'] = async () => {
    if (polling) throw fail('InvalidInput', 'PUBLIC_URL is not set, so Leads has no channel to renew');
    const expiresAt = new Date(Date.now() + 24 * hourMs).toISOString();
    return { channelId: '42', expiresAt, expiresInMs: 24 * hourMs, subscribedAnew: false };
  };
  const dropChannel: Activities['dropChannel'] = async (...args) => void dropped.push(args);
  await withHouse({ renewChannel, dropChannel }, async ({ start, warnings }) => {
    await start();
    polling = true;
    await start({ publicUrl: '' });
    expect(warnings).toEqual(['PUBLIC_URL is not set: ending the notification channel; the mirror polls']);
    expect(await failureOf(channel().result())).toMatchObject({
      type: 'InvalidInput',
      message: 'PUBLIC_URL is not set, so Leads has no channel to renew',
    });
    expect(dropped).toEqual([['Leads', '42']]);
    polling = false;
    await start();
    expect(await state(workflowIds.channelRenewal('Leads'))).toBe('RUNNING');
  });
});

test('what is degraded tries again at once, but not what waits for a decision or is paused', async () => {
  let mended = false;
  const reads: string[] = [];
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    if (!mended) throw fail('ZohoPermanent', 'The scope is missing');
    reads.push(...ids);
    return {
      counts: { read: 1, inserted: 0, updated: 1, unchanged: 0, stale: 0, deleted: 0, rejected: 0 },
      again: [],
    };
  };
  const surveyChanges: Activities['surveyChanges'] = async () => {
    throw fail('ZohoPermanent', 'The scope is missing');
  };
  await withHouse({ rereadRecords, surveyChanges }, async ({ start, calls }) => {
    const paused = await temporal.client.workflow.start(workflowTypes.catchUpSync, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.catchUp('Leads'),
      args: [{ module: 'Leads' }],
    });
    await reaches(paused as never, 'degraded', ({ health }) => health === 'degraded');
    await paused.executeUpdate('pause');
    await temporal.client.workflow.signalWithStart(workflowTypes.notificationSync, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.notificationSync('Leads'),
      args: [{ module: 'Leads' }],
      signal: 'recordsChanged',
      signalArgs: [{ ids: ['1'], operation: 'update', receivedAt: '2026-03-01T10:00:00.000Z' }],
    });
    const handle = temporal.client.workflow.getHandle(workflowIds.notificationSync('Leads'));
    await reaches(handle as never, 'degraded', ({ health }) => health === 'degraded');
    mended = true;
    const surveys = calls.filter((name) => name === 'surveyChanges').length;
    await start();
    await eventually('the read', () => reads.length === 1);
    await reaches(paused as never, 'paused', ({ phase }) => phase === 'paused');
    expect(calls.filter((name) => name === 'surveyChanges')).toHaveLength(surveys);
  });
});

describe('a step that fails', () => {
  /** How often the channel's workflow was sent a signal. */
  const signalled = async (name: string): Promise<number> => {
    const { events } = await channel().fetchHistory();
    return (events ?? []).filter(
      ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === name,
    ).length;
  };
  const failing = (times: number, error: Error): { made: () => number; makePlan: () => Promise<Plan> } => {
    let made = 0;
    return {
      made: () => made,
      makePlan: async () => {
        made += 1;
        if (made <= times) throw error;
        return planOf();
      },
    };
  };
  const revoked = { verdict: 'permanent', code: 'invalid_code' } as const;

  test.each([
    ['lacks a column', new SchemaMismatchError(['Leads has no column Budget'], [])],
    ['has no right', new ZohoError('Zoho refused the refresh token', revoked)],
    ['is hidden', fail('InvalidInput', 'Zoho has no module Leads that the API supports')],
    ['may not be read', new DatabaseError('permanent', 'The login has no right to select')],
  ])('of a module that %s is tried hourly, and no step before it again', async (_what, error) => {
    const rests: number[] = [];
    const { made, makePlan } = failing(3, error);
    await withHouse({}, async ({ start, calls, warnings }) => {
      await start();
      await start({ makePlan, pause: async (ms) => void rests.push(ms) });
      expect([made(), rests]).toEqual([4, [hourMs, hourMs, hourMs]]);
      expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(2);
      expect(await signalled('tryAgain')).toBe(1);
      const told = 'what is mirrored of Leads cannot be ensured; tried again later, or at the next start';
      expect(warnings).toEqual([told, told, told]);
    });
  });

  test('because Zoho asks for patience rests as long as Zoho says', async () => {
    const rests: number[] = [];
    const throttled = { verdict: 'throttled', code: 'TOO_MANY_REQUESTS', waitMs: 40_000 } as const;
    const { made, makePlan } = failing(1, new ZohoError('Zoho asks for patience', throttled));
    await withHouse({}, async ({ start }) => {
      await start({ makePlan, pause: async (ms) => void rests.push(ms) });
      expect([made(), rests]).toEqual([2, [40_000]]);
    });
  });

  test('because Zoho is down is tried again soon, and no step before it again', async () => {
    const { made, makePlan } = failing(
      1,
      new ZohoError('Zoho is down', { verdict: 'transient', code: 'HTTP_503' }),
    );
    await withHouse({}, async ({ start, calls }) => {
      await start({ makePlan });
      expect(made()).toBe(2);
      expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(1);
    });
  });
});
