// Days of waiting in milliseconds: a server whose clock jumps to the next timer while a test waits for a result.
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { findTimeSkippingBinary } from '../../dev/time-skipping-binary';
import type { Activities } from '../../src/activities';
import {
  signals,
  workflowTypes,
  type ChannelStatus,
  type LoadStatus,
  type NotificationSyncStatus,
} from '../../src/contracts';
import { silence } from '../support/temporal';
import { workflowBundle } from '../support/workflow-bundle';
import { counts, fail, fakes, hourMs, settings } from './fakes';

let env: TestWorkflowEnvironment;
let queues = 0;

beforeAll(async () => {
  silence();
  const path = await findTimeSkippingBinary();
  env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
}, 300_000);
afterAll(() => env.teardown());

async function withWorker<T>(
  change: Partial<Activities>,
  act: (taskQueue: string) => Promise<T>,
): Promise<T> {
  const { activities } = fakes(env.client, change);
  const taskQueue = `skipping-${(queues += 1)}`;
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: await workflowBundle() },
    activities,
  });
  return worker.runUntil(act(taskQueue));
}

const scheduledMs = (): number => activityInfo().scheduledTimestampMs;

/** It is terminated afterwards: while a workflow waits for a worker that is no more, the clock does not jump. */
async function renewing(
  change: Partial<Activities>,
  act: (handle: WorkflowHandleWithFirstExecutionRunId) => Promise<void>,
): Promise<void> {
  await withWorker(change, async (taskQueue) => {
    const handle = await env.client.workflow.start(workflowTypes.channelRenewal, {
      taskQueue,
      workflowId: `channel-renewal/${taskQueue}`,
      args: [{ module: 'Leads' }],
    });
    try {
      await act(handle);
    } finally {
      await handle.terminate();
    }
  });
}

test('30 days: a renewal every 23 h 55 min, however often the run continues as new', async () => {
  const at: number[] = [];
  await renewing(
    {
      openModule: async () => settings({ renewEveryMs: 86_100_000 }),
      renewChannel: async () => {
        at.push(scheduledMs());
        return {
          channelId: '123456789012345678',
          expiresAt: new Date(scheduledMs() + 6 * 24 * hourMs).toISOString(),
          expiresInMs: 6 * 24 * hourMs,
          subscribedAnew: at.length === 1,
        };
      },
    },
    async (handle) => {
      await env.sleep(30 * 24 * hourMs);
      const status = await handle.query<ChannelStatus>('status');
      expect(status).toMatchObject({ health: 'ok', renewals: 31 });
      const waits = at.slice(1).map((ms, index) => Math.round((ms - at[index]!) / 60_000));
      expect(waits).toEqual(Array(30).fill(23 * 60 + 55));
      expect((await handle.describe()).runId).not.toBe(handle.firstExecutionRunId);
    },
  );
});

test('an expiry of an hour is renewed five minutes before its end, all day long', async () => {
  const at: number[] = [];
  await renewing(
    {
      openModule: async () => settings({ renewEveryMs: 86_100_000 }),
      renewChannel: async () => {
        at.push(scheduledMs());
        const expiresAt = new Date(scheduledMs() + hourMs).toISOString();
        return { channelId: '1', expiresAt, expiresInMs: hourMs, subscribedAnew: false };
      },
    },
    async () => {
      await env.sleep(6 * hourMs);
      const waits = at.slice(1).map((ms, index) => Math.round((ms - at[index]!) / 60_000));
      expect(waits).toEqual([55, 55, 55, 55, 55, 55]);
    },
  );
});

const days = (count: number): number => count * 24 * hourMs;

test('three days of outage: the channel lapses, is subscribed anew, and the catch-up begins before the outage', async () => {
  const requests: unknown[] = [];
  let verifiedMs = 0;
  let awayUntilMs = 0;
  await renewing(
    {
      renewChannel: async () => {
        const now = activityInfo().currentAttemptScheduledTimestampMs;
        if (verifiedMs === 0) {
          verifiedMs = now;
          awayUntilMs = now + days(3);
        } else if (now < awayUntilMs)
          throw ApplicationFailure.create({
            type: 'ZohoTransient',
            message: 'Zoho did not answer',
            nextRetryDelay: '1h',
          });
        const expiresAt = new Date(now + days(2)).toISOString();
        return { channelId: '1', expiresAt, expiresInMs: days(2), subscribedAnew: now > awayUntilMs };
      },
      readWatermark: async () => '2999-01-01T00:00:00.000Z',
      requestCatchUp: async (...args) => void requests.push(args),
    },
    async (handle) => {
      await env.sleep(days(3) + 2 * hourMs);
      const status = await handle.query<ChannelStatus>('status');
      expect(status).toMatchObject({ health: 'ok', renewals: 2 });
      expect(requests).toEqual([['Leads', { since: new Date(verifiedMs).toISOString() }]]);
    },
  );
});

test('a lifetime that Zoho changes is followed, by how long it lasts, whatever clock its expiry is told in', async () => {
  const at: number[] = [];
  const lifetimes = [days(6), 2 * hourMs, 12 * hourMs, days(6)];
  await renewing(
    {
      openModule: async () => settings({ renewEveryMs: 86_100_000 }),
      renewChannel: async () => {
        const expiresInMs = lifetimes[at.length] ?? days(6);
        at.push(scheduledMs());
        // Zoho's clock is ten minutes ahead of this house's.
        const expiresAt = new Date(scheduledMs() + 10 * 60_000 + expiresInMs).toISOString();
        return { channelId: '1', expiresAt, expiresInMs, subscribedAnew: false };
      },
    },
    async () => {
      await env.sleep(days(2.8));
      const waits = at.slice(1).map((ms, index) => Math.round((ms - at[index]!) / 60_000));
      expect(waits).toEqual([23 * 60 + 55, 115, 11 * 60 + 55, 23 * 60 + 55]);
    },
  );
});

test('a channel that is doubted is subscribed anew, once an hour at most', async () => {
  const doubts: boolean[] = [];
  await renewing(
    {
      renewChannel: async (_module, known) => {
        doubts.push(known?.doubted ?? false);
        const expiresAt = new Date(scheduledMs() + days(6)).toISOString();
        return { channelId: '1', expiresAt, expiresInMs: days(6), subscribedAnew: false };
      },
    },
    async (handle) => {
      for (let times = 0; times < 6; times += 1) {
        await env.sleep(hourMs / 2 + 1_000);
        await handle.signal(signals.channelDoubted);
      }
      await env.sleep(1_000);
      expect(doubts).toEqual([false, true, true, true]);
    },
  );
});

test('a channel that only a person can mend is tried every hour', async () => {
  const at: number[] = [];
  await renewing(
    {
      renewChannel: async () => {
        at.push(scheduledMs());
        throw fail('ZohoPermanent', 'The scope is missing');
      },
    },
    async (handle) => {
      await env.sleep(3.5 * hourMs);
      const waits = at.slice(1).map((ms, index) => Math.round((ms - at[index]!) / 60_000));
      expect(waits).toEqual([60, 60, 60]);
      expect(await handle.query<ChannelStatus>('status')).toMatchObject({ health: 'degraded', renewals: 0 });
    },
  );
});

test('a record that Zoho never shows is asked for after 2, 5, 15 and 30 seconds; idle for ten minutes, the run ends', async () => {
  const at: number[] = [];
  await withWorker(
    {
      rereadRecords: async ({ ids }) => {
        at.push(scheduledMs());
        return { counts: counts({ read: 0 }), again: ids };
      },
    },
    async (taskQueue) => {
      const handle = await env.client.workflow.signalWithStart(workflowTypes.notificationSync, {
        taskQueue,
        workflowId: 'notification-sync/Leads',
        args: [{ module: 'Leads' }],
        signal: signals.recordsChanged,
        signalArgs: [{ ids: ['1'], operation: 'insert', receivedAt: '2026-03-01T10:00:00.000Z' }],
      });
      const result = (await handle.result()) as NotificationSyncStatus;
      expect(result).toMatchObject({ phase: 'done', health: 'ok', hints: 1, pending: 0 });
      const waits = at.slice(1).map((ms, index) => Math.round((ms - at[index]!) / 1_000));
      expect(waits).toEqual([2, 5, 15, 30]);
    },
  );
});

test('a load that has no API credits left waits as long as it is told, shows it, and goes on by itself', async () => {
  const at: number[] = [];
  const waiting = 'Waiting for API credits: 4,812 left, reserve 5,000; goes on at about 2026-03-01T11:10:00Z';
  await withWorker(
    {
      createExport: async (request) => {
        at.push(scheduledMs());
        if (at.length <= 3) throw fail('CreditsReserved', waiting, [30 * 60_000]);
        return fakes(env.client).activities.createExport(request);
      },
    },
    async (taskQueue) => {
      const handle = await env.client.workflow.start(workflowTypes.initialSync, {
        taskQueue,
        workflowId: `initial-sync/${taskQueue}`,
        args: [{ module: 'Leads' }],
      });
      await env.sleep(5 * 60_000);
      const status = await handle.query<LoadStatus>('status');
      expect(status).toMatchObject({ phase: 'exporting', health: 'ok', waiting });
      expect(status).not.toHaveProperty('lastError');
      const result = (await handle.result()) as LoadStatus;
      expect(result).toMatchObject({ phase: 'done', health: 'ok' });
      expect(result).not.toHaveProperty('waiting');
      expect(at.slice(1).map((ms, index) => Math.round((ms - at[index]!) / 60_000))).toEqual([30, 30, 30]);
    },
  );
});

test('trap 13: a job that never ends is given up after six hours and exported again', async () => {
  const created: number[] = [];
  await withWorker(
    {
      createExport: async ({ page }) => {
        created.push(scheduledMs());
        return { jobId: `${created.length}`, page, createdAt: '2026-03-01T10:10:30.000Z' };
      },
      readExport: async (jobId) => {
        if (jobId === '1') return { state: 'running', stateText: 'SOMETHING NEW' };
        return {
          state: 'completed',
          stateText: 'COMPLETED',
          rows: 2,
          downloadPath: `/result/${jobId}`,
          moreRecords: false,
        };
      },
    },
    async (taskQueue) => {
      const result = (await env.client.workflow.execute(workflowTypes.initialSync, {
        taskQueue,
        workflowId: `initial-sync/${taskQueue}`,
        args: [{ module: 'Leads' }],
      })) as LoadStatus;
      expect(result).toMatchObject({ phase: 'done', health: 'ok', pages: 1, counts: { inserted: 2 } });
      expect(created).toHaveLength(2);
      const hours = (created[1]! - created[0]!) / hourMs;
      expect(hours).toBeGreaterThanOrEqual(6);
      expect(hours).toBeLessThan(8);
    },
  );
});
