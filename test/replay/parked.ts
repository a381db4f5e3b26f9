// Every state in which a workflow may be found when a new worker takes over: it is reached, and mostly left again.
import { signals, updates, workflowTypes, type ReconcileStatus } from '../../src/contracts';
import { counts, fail, gate, hourMs, settings } from '../workflows/fakes';
import { reaches } from '../workflows/reaches';
import { degraded, failing, hint, readAtLeast, result, type Handle, type Scenario } from './scenario';

type Activity = keyof ReturnType<Scenario['activities']>;

interface Workflow {
  type: string;
  /** What fails once. */
  step: Activity;
  /** What it answers when it works. */
  works: () => Promise<unknown>;
  start?: (handle: Handle) => Promise<unknown>;
  end: (handle: Handle) => Promise<unknown>;
  /** It waits for API credits like all background work. */
  background: boolean;
}

const created = async () => ({ jobId: '1', page: 1, createdAt: '2026-03-01T10:10:30.000Z' });
/** Nobody calls back: it looks by itself. */
const looking = { openModule: async () => settings({ pollFirstMs: 5, pollMaxMs: 10 }) };

const workflows: Readonly<Record<string, Workflow>> = {
  'initial-sync': {
    type: workflowTypes.initialSync,
    step: 'createExport',
    works: created,
    end: result,
    background: true,
  },
  'catch-up-sync': {
    type: workflowTypes.catchUpSync,
    step: 'surveyChanges',
    works: async () => ({ started: '2026-03-01T10:10:00.000Z', many: false }),
    end: result,
    background: true,
  },
  reconcile: {
    type: workflowTypes.reconcile,
    step: 'createExport',
    works: created,
    end: result,
    background: true,
  },
  'notification-sync': {
    type: workflowTypes.notificationSync,
    step: 'rereadRecords',
    works: async () => ({ counts: counts({ read: 1 }), again: [] }),
    start: (handle) => handle.signal(signals.recordsChanged, hint('1')),
    end: (handle) => readAtLeast(handle, 1),
    background: false,
  },
  'channel-renewal': {
    type: workflowTypes.channelRenewal,
    step: 'renewChannel',
    works: async () => ({
      channelId: '1',
      expiresAt: '2026-03-07T10:00:00.000Z',
      expiresInMs: 24 * hourMs,
      subscribedAnew: false,
    }),
    end: (handle) => reaches(handle, 'a renewal', (status) => 'renewals' in status && status.renewals === 1),
    background: false,
  },
};

const failingOnce = ({ step, works }: Workflow, failure: Error): Scenario['activities'] => {
  return () => ({ ...looking, [step]: failing([failure], works) });
};

/** Degraded in its first step, so that a pause finds it there whatever the time it takes; woken, it is paused. */
const paused = ({ type, start, end }: Workflow): Scenario => ({
  type,
  activities: () => ({
    ...looking,
    openModule: failing([fail('ZohoPermanent', 'The scope is missing')], looking.openModule),
  }),
  act: async (handle) => {
    await degraded(handle);
    await handle.executeUpdate(updates.pause);
    await handle.signal(signals.tryAgain);
    await reaches(handle, 'a pause', ({ phase }) => phase === 'paused');
    await start?.(handle);
    await handle.signal(signals.stillTrying, { activity: 'openModule', attempts: 5, reason: 'no answer' });
    await handle.executeUpdate(updates.resume);
    await end(handle);
  },
});

const degradedUntil = (workflow: Workflow, go: (handle: Handle) => Promise<unknown>): Scenario => ({
  type: workflow.type,
  activities: failingOnce(workflow, fail('ZohoPermanent', 'The scope is missing')),
  act: async (handle) => {
    await workflow.start?.(handle);
    await degraded(handle);
    await go(handle);
    await workflow.end(handle);
  },
});

const outOfCredits = (workflow: Workflow): Scenario => ({
  type: workflow.type,
  activities: failingOnce(workflow, fail('CreditsReserved', 'Waiting for API credits', [hourMs])),
  act: async (handle) => {
    await reaches(handle, 'waiting', ({ waiting }) => waiting !== undefined);
    await handle.executeUpdate(updates.resume);
    await workflow.end(handle);
  },
});

const ofEach = (name: string, workflow: Workflow): Record<string, Scenario> => ({
  [`${name}-paused`]: paused(workflow),
  [`${name}-degraded-and-resumed`]: degradedUntil(workflow, (handle) => handle.executeUpdate(updates.resume)),
  [`${name}-degraded-and-woken`]: degradedUntil(workflow, (handle) => handle.signal(signals.tryAgain)),
  ...(workflow.background ? { [`${name}-out-of-credits`]: outOfCredits(workflow) } : {}),
});

/** No callback comes, and it does not look for an hour. */
const atAJob = (type: string, activities: ReturnType<Scenario['activities']> = {}): Scenario => ({
  type,
  activities: () => ({ createExport: created, ...activities }),
  act: (handle) => reaches(handle, 'an export', ({ phase }) => phase === 'exporting'),
});

const recording = gate();

export const parked: Readonly<Record<string, Scenario>> = {
  ...Object.fromEntries(
    Object.entries(workflows).flatMap(([name, one]) => Object.entries(ofEach(name, one))),
  ),
  'initial-sync-parked-at-a-job': atAJob(workflowTypes.initialSync),
  'reconcile-parked-at-a-job': atAJob(workflowTypes.reconcile),
  'catch-up-sync-parked-at-a-job': atAJob(workflowTypes.catchUpSync, {
    surveyChanges: async () => ({ started: '2026-03-01T10:10:00.000Z', many: true }),
  }),
  'initial-sync-three-failed-exports': {
    type: workflowTypes.initialSync,
    activities: () => {
      let looks = 0;
      return {
        ...looking,
        createExport: created,
        readExport: async () =>
          (looks += 1) <= 3
            ? { state: 'failed', stateText: 'INTERNAL_SERVER_ERROR' }
            : { state: 'completed', stateText: 'COMPLETED', rows: 2, downloadPath: '/1', moreRecords: false },
      };
    },
    act: async (handle) => {
      await degraded(handle);
      await handle.executeUpdate(updates.resume);
      await result(handle);
    },
  },
  'catch-up-sync-asked-while-it-ended': {
    type: workflowTypes.catchUpSync,
    activities: () => ({ recordRun: () => recording.opened }),
    act: async (handle) => {
      await reaches(handle, 'the end', ({ phase }) => phase === 'done');
      await handle.signal(signals.catchUpAgain, { since: '2026-02-01T00:00:00Z' });
      recording.open();
      await result(handle);
    },
  },
  'reconcile-refused-records-tried-again': {
    type: workflowTypes.reconcile,
    activities: () => ({
      ...looking,
      createExport: created,
      reportDifferences: async () => ({
        compared: 2,
        missing: 0,
        extra: 0,
        stale: 0,
        rejected: 1,
        repaired: 0,
        pending: 0,
        samples: { missing: [], extra: [], stale: [], rejected: ['3'] },
      }),
    }),
    input: { repair: true },
    act: result,
  },
  'reconcile-asked-a-person': {
    type: workflowTypes.reconcile,
    activities: () => ({
      ...looking,
      createExport: created,
      compareEnd: failing([fail('TooManyUnseen', 'Too many are extra')], async () => ({
        open: 0,
        foreign: 0,
        foreignSamples: [],
        checkedAt: '2026-03-01T10:11:00.000Z',
      })),
    }),
    act: async (handle) => {
      await reaches(handle, 'a question', (status) => (status as ReconcileStatus).phase === 'asking');
      await handle.executeUpdate(updates.resume);
      await result(handle);
    },
  },
  'channel-renewal-lapsed': {
    type: workflowTypes.channelRenewal,
    activities: () => ({
      renewChannel: async () => ({
        channelId: '1',
        expiresAt: '2026-03-07T10:00:00.000Z',
        expiresInMs: 24 * hourMs,
        subscribedAnew: true,
      }),
    }),
    act: (handle) => workflows['channel-renewal']!.end(handle),
  },
  'channel-renewal-doubted': {
    type: workflowTypes.channelRenewal,
    activities: () => ({}),
    input: {
      carried: {
        renewals: 7,
        channelId: '1',
        nextRenewalAt: '2100-01-01T00:00:00.000Z',
        doubtedAt: '2026-01-01T00:00:00.000Z',
      },
    },
    act: async (handle) => {
      await handle.signal(signals.channelDoubted);
      await reaches(handle, 'a renewal', (status) => 'renewals' in status && status.renewals === 8);
    },
  },
  'channel-renewal-continued': {
    type: workflowTypes.channelRenewal,
    activities: () => ({}),
    act: async (handle) => {
      const { runId } = await handle.describe();
      while ((await handle.describe()).runId === runId) await handle.executeUpdate(updates.renewNow);
    },
  },
  'channel-renewal-without-public-url': {
    type: workflowTypes.channelRenewal,
    activities: () => ({ openModule: async () => settings({ polling: true }) }),
    act: result,
  },
};
