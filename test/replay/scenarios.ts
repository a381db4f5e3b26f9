// What is recorded for replay: one scenario a way that a workflow can go. A history is never re-recorded in the change that breaks it.
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { signals, workflowTypes, type ReconcileStatus, type Status } from '../../src/contracts';
import type { TestTemporal } from '../support/temporal';
import { counts, fail, fakes, hourMs, settings } from '../workflows/fakes';
import { reaches } from '../workflows/reaches';
import { parked } from './parked';
import { chain, degraded, failing, hint, readAtLeast, result, type Scenario } from './scenario';

type Started = WorkflowHandleWithFirstExecutionRunId<() => Promise<Status>>;

const ways: Record<string, Scenario> = {
  'initial-sync-three-pages': {
    type: workflowTypes.initialSync,
    activities: (temporal) => chain(temporal, 3),
    act: result,
  },
  'initial-sync-matching': {
    type: workflowTypes.initialSync,
    activities: (temporal) => ({
      ...chain(temporal, 2),
      openModule: async () => settings({ match: true }),
    }),
    act: result,
  },
  'dry-run-two-pages': {
    type: workflowTypes.dryRun,
    activities: (temporal) => chain(temporal, 2),
    act: result,
  },
  'dry-run-degraded': {
    type: workflowTypes.dryRun,
    activities: () => ({
      inspectModule: async () => {
        throw fail('ZohoPermanent', 'Zoho refuses the refresh token (invalid_code)');
      },
    }),
    act: degraded,
  },
  'initial-sync-polling': {
    type: workflowTypes.initialSync,
    activities: () => ({
      openModule: async () => settings({ polling: true, pollFirstMs: 5, pollMaxMs: 10 }),
      createExport: async ({ page }) => ({ jobId: '1', page, createdAt: '2026-03-01T10:10:30.000Z' }),
    }),
    act: result,
  },
  'initial-sync-chain-expired-and-file-lost': {
    type: workflowTypes.initialSync,
    activities: (temporal) => {
      const { createExport, readExport } = chain(temporal, 2);
      const expired = [fail('ChainExpired', 'Zoho no longer takes the page token')];
      const lost = [fail('ExportGone', 'Zoho no longer has the file of the export')];
      return {
        readExport,
        createExport: (request) =>
          request.page === 2 && expired.length > 0 ? Promise.reject(expired.shift()!) : createExport(request),
        loadPage: failing(lost, async ({ rows }) => ({
          rows,
          counts: counts({ read: rows }),
          resumedAtRow: 0,
        })),
      };
    },
    act: result,
  },
  'initial-sync-too-many-unseen': {
    type: workflowTypes.initialSync,
    activities: () => ({
      sweepUnseen: failing([fail('TooManyUnseen', 'Too many')], async () => ({ counts: counts({}) })),
    }),
    act: async (handle) => {
      await degraded(handle);
      await handle.executeUpdate('resume');
      await result(handle);
    },
  },
  'initial-sync-cancelled': {
    type: workflowTypes.initialSync,
    activities: () => ({ beginLoad: () => Promise.reject(fail('SchemaMismatch', 'A column is missing')) }),
    act: async (handle) => {
      await degraded(handle);
      await handle.cancel();
      await result(handle);
    },
  },
  'channel-renewal-renewed-and-cancelled': {
    type: workflowTypes.channelRenewal,
    activities: () => ({}),
    act: async (handle) => {
      await handle.executeUpdate('renewNow');
      await handle.executeUpdate('renewNow');
      await handle.cancel();
      await result(handle);
    },
  },
  'channel-renewal-degraded': {
    type: workflowTypes.channelRenewal,
    activities: () => ({
      renewChannel: failing([fail('ZohoPermanent', 'The scope is missing')], async () => ({
        channelId: '1',
        expiresAt: '2026-03-07T10:00:00.000Z',
        expiresInMs: 3_600_000,
        subscribedAnew: true,
      })),
    }),
    act: async (handle) => {
      await degraded(handle);
      await handle.executeUpdate('renewNow');
    },
  },
  'notification-sync-hints': {
    type: workflowTypes.notificationSync,
    activities: () => ({
      rereadRecords: async ({ ids }) => ({ counts: counts({ read: ids.length }), again: ['404'] }),
    }),
    act: async (handle) => {
      for (const ids of [
        ['1', '2'],
        ['2', '404'],
      ])
        await handle.signal(signals.recordsChanged, {
          ids,
          operation: 'insert',
          receivedAt: '2026-03-01T10:00:00.000Z',
        });
      // The id that is not readable yet is asked for a second time.
      await readAtLeast(handle, 4);
    },
  },
  'notification-sync-degraded': {
    type: workflowTypes.notificationSync,
    activities: () => ({
      rereadRecords: failing(
        [fail('ZohoPermanent', 'The scope is missing'), fail('ZohoPermanent', 'The scope is missing')],
        async ({ ids }) => ({ counts: counts({ read: ids.length }), again: [] }),
      ),
    }),
    act: async (handle) => {
      await handle.signal(signals.recordsChanged, hint('1'));
      await degraded(handle);
      await handle.signal(signals.tryAgain);
      await handle.signal(signals.recordsChanged, hint('2'));
      await handle.executeUpdate('resume');
      await readAtLeast(handle, 2);
    },
  },
  'notification-sync-paused-and-retried': {
    type: workflowTypes.notificationSync,
    activities: () => ({}),
    act: async (handle) => {
      await handle.executeUpdate('pause');
      await handle.signal(signals.recordsChanged, hint('1'));
      await handle.signal(signals.stillTrying, {
        activity: 'rereadRecords',
        attempts: 5,
        reason: 'no answer',
      });
      await handle.executeUpdate('resume');
      await readAtLeast(handle, 1);
    },
  },
  'notification-sync-stuck-and-continued': {
    type: workflowTypes.notificationSync,
    server: ['limit.historyCount.suggestContinueAsNew=20'],
    activities: () => ({ rereadRecords: () => Promise.reject(fail('ZohoTransient', 'Zoho did not answer')) }),
    act: async (handle) => {
      const { runId } = await handle.describe();
      for (let id = 1; (await handle.describe()).runId === runId; id += 1)
        await handle.signal(signals.recordsChanged, hint(`${id}`));
    },
  },
  'notification-sync-flood': {
    type: workflowTypes.notificationSync,
    activities: () => ({}),
    act: async (handle) => {
      await handle.executeUpdate('pause');
      for (let hint = 0; hint < 11; hint += 1)
        await handle.signal(signals.recordsChanged, {
          ids: Array.from({ length: 500 }, (_unused, index) => `${1 + hint * 500 + index}`),
          operation: 'update',
          receivedAt: '2026-03-01T10:00:00.000Z',
        });
      await handle.executeUpdate('resume');
      await readAtLeast(handle, 5_000);
    },
  },
  'catch-up-sync-coql-twice': {
    type: workflowTypes.catchUpSync,
    activities: () => {
      const after = [{ modifiedAt: '2026-03-01T10:05:00.000Z', id: '7' }];
      return {
        readChanges: async () => {
          const next = after.shift();
          return { counts: counts({ read: 1 }), ...(next ? { after: next } : {}) };
        },
      };
    },
    act: async (handle) => {
      await handle.signal(signals.catchUpAgain, { since: '2026-02-01T00:00:00Z' }).catch(() => undefined);
      await result(handle);
    },
  },
  'catch-up-sync-bulk-read': {
    type: workflowTypes.catchUpSync,
    activities: (temporal) => ({
      ...chain(temporal, 2),
      surveyChanges: async () => ({ started: '2026-03-01T10:10:00.000Z', many: true }),
    }),
    act: result,
  },
  'reconcile-repaired': {
    type: workflowTypes.reconcile,
    activities: (temporal) => ({
      ...chain(temporal, 2),
      compareEnd: async () => ({
        open: 2,
        foreign: 1,
        foreignSamples: ['7'],
        checkedAt: '2026-03-01T10:11:00.000Z',
      }),
      checkDifferences: async ({ last, after }) => ({
        open: last ? 0 : 1,
        ...(last && !after ? { after: '5' } : {}),
        credits: 1,
      }),
      reportDifferences: async () => differing,
    }),
    input: { repair: true, fields: true },
    act: result,
  },
  'reconcile-polling': {
    type: workflowTypes.reconcile,
    activities: () => ({
      openModule: async () => settings({ polling: true, pollFirstMs: 5, pollMaxMs: 10 }),
      createExport: async ({ page }) => ({ jobId: '1', page, createdAt: '2026-03-01T10:10:30.000Z' }),
      compareEnd: async () => ({
        open: 1,
        foreign: 0,
        foreignSamples: [],
        checkedAt: '2026-03-01T10:11:00.000Z',
      }),
    }),
    act: result,
  },
  'reconcile-parked-before-a-second-look': {
    type: workflowTypes.reconcile,
    activities: () => ({
      openModule: async () => settings({ notificationWindowMs: hourMs }),
      compareEnd: async () => ({
        open: 1,
        foreign: 0,
        foreignSamples: [],
        checkedAt: '2026-03-01T10:11:00.000Z',
      }),
      checkDifferences: async () => ({ open: 1, credits: 1 }),
    }),
    act: (handle) => reaches(handle, 'checking', (status) => (status as ReconcileStatus).credits >= 2),
  },
  'reconcile-parked-for-a-person': {
    type: workflowTypes.reconcile,
    activities: () => ({ compareEnd: () => Promise.reject(fail('TooManyUnseen', 'Too many are extra')) }),
    act: degraded,
  },
  'reconcile-cancelled': {
    type: workflowTypes.reconcile,
    activities: () => ({
      compareEnd: () => Promise.reject(fail('DatabasePermanent', 'A right is missing')),
    }),
    act: async (handle) => {
      await degraded(handle);
      await handle.cancel();
      await result(handle);
    },
  },
};

export const scenarios: Readonly<Record<string, Scenario>> = { ...ways, ...parked };

const differing = {
  compared: 4,
  missing: 1,
  extra: 0,
  stale: 1,
  rejected: 0,
  repaired: 2,
  pending: 0,
  samples: { missing: ['1'], extra: [], stale: ['2'], rejected: [] },
};

/** Runs a scenario to its end and answers the handle. */
export async function play(name: string, temporal: TestTemporal): Promise<Started> {
  const { type, activities, input = {}, act } = scenarios[name]!;
  const cast = fakes(temporal.client, activities(temporal));
  return temporal.withWorker(cast.activities, async (taskQueue) => {
    const handle: Started = await temporal.client.workflow.start(type, {
      taskQueue,
      workflowId: name,
      args: [{ module: 'Leads', ...input }],
    });
    await act(handle);
    return handle;
  });
}
