// ChannelRenewal with its real activities against the pretended Zoho, whose channels really expire. Both sides' clocks are the server's,
// which jumps from timer to timer.
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { findTimeSkippingBinary } from '../../dev/time-skipping-binary';
import { activityInterceptor, type Activities } from '../../src/activities';
import { workflowTypes, type CatchUpRequest, type ChannelStatus } from '../../src/contracts';
import { doubtSilentChannel } from '../../src/temporal';
import { eventually } from '../support/eventually';
import { withMirror, type Mirror } from '../support/mirror';
import { silence } from '../support/temporal';
import { workflowBundle } from '../support/workflow-bundle';
import { counts, fakes, hourMs } from './fakes';

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

const days = (count: number): number => count * 24 * hourMs;
const minutes = (count: number): number => count * 60_000;

interface Stage {
  mirror: Mirror;
  taskQueue: string;
  channel: WorkflowHandleWithFirstExecutionRunId;
  /** Of each renewal: when, and how many channels were alive just before it. */
  renewals: { atMs: number; alive: number }[];
  catchUps: CatchUpRequest[];
  /** Until then Zoho answers nothing. */
  awayUntil: (ms: number) => void;
}

/** @param wrongMs how far this house's clock is ahead of Zoho's. */
async function alive(
  { wrongMs = 0, lifetime }: { wrongMs?: number; lifetime?: string },
  act: (stage: Stage) => Promise<void>,
): Promise<void> {
  let houseMs = 0;
  let awayUntilMs = 0;
  await withMirror({ localClock: () => houseMs, ...(lifetime ? { lifetime } : {}) }, async (mirror) => {
    const renewals: Stage['renewals'] = [];
    const catchUps: CatchUpRequest[] = [];
    const { openModule, renewChannel, dropChannel } = mirror.activities;
    const atZoho =
      <A extends unknown[], R>(activity: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
        mirror.sim.clock.set(nowMs);
        houseMs = nowMs + wrongMs;
        if (nowMs < awayUntilMs)
          throw ApplicationFailure.create({
            type: 'ZohoTransient',
            message: 'Zoho did not answer',
            nextRetryDelay: '1h',
          });
        return activity(...args);
      };
    const { activities } = fakes(env.client, {
      openModule: atZoho(openModule),
      renewChannel: atZoho(async (...args: Parameters<Activities['renewChannel']>) => {
        renewals.push({ atMs: mirror.sim.clock.now(), alive: mirror.sim.channels.live().length });
        return renewChannel(...args);
      }),
      dropChannel: atZoho(dropChannel),
      // Of a catch-up that moments ago has been complete.
      readWatermark: async () => new Date(activityInfo().scheduledTimestampMs).toISOString(),
      requestCatchUp: async (_module, request) => void catchUps.push(request),
      // The reading of a catch-up, which always finds a change.
      surveyChanges: async () => ({
        started: new Date(activityInfo().scheduledTimestampMs).toISOString(),
        many: false,
        counts: counts({ read: 1, updated: 1 }),
      }),
      doubtSilentChannel: async (module) =>
        doubtSilentChannel(env.client, module, activityInfo().scheduledTimestampMs),
    });
    const taskQueue = `at-zoho-${(queues += 1)}`;
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue,
      workflowBundle: { codePath: await workflowBundle() },
      activities,
      interceptors: { activity: [activityInterceptor] },
    });
    await worker.runUntil(async () => {
      const channel = await env.client.workflow.start(workflowTypes.channelRenewal, {
        taskQueue,
        workflowId: 'channel-renewal/Leads',
        args: [{ module: 'Leads' }],
      });
      try {
        await act({
          mirror,
          taskQueue,
          channel,
          renewals,
          catchUps,
          awayUntil: (ms) => (awayUntilMs = ms),
        });
      } finally {
        // While a workflow waits for a worker that is no more, the clock does not jump.
        await channel.terminate().catch(() => undefined);
      }
    });
  });
}

/** Minutes between renewals. */
const waits = (renewals: Stage['renewals']): number[] =>
  renewals.slice(1).map(({ atMs }, index) => Math.round((atMs - renewals[index]!.atMs) / minutes(1)));

test.each([
  ['right', 0],
  ['ten minutes fast', minutes(10)],
  ['ten minutes slow', -minutes(10)],
])('30 days with a clock that is %s: one channel from the first day to the last', async (_what, wrongMs) => {
  await alive({ wrongMs, lifetime: '6d23h' }, async ({ mirror, channel, renewals, catchUps }) => {
    await env.sleep(days(30));
    expect(waits(renewals)).toEqual(Array(30).fill(23 * 60 + 55));
    expect(renewals.map((one) => one.alive)).toEqual([0, ...Array<number>(30).fill(1)]);
    expect(mirror.sim.stats.count('watch.create')).toBe(1);
    const [live] = mirror.sim.channels.live();
    // A lifetime that seems over a week to Zoho silently becomes an hour.
    const lifetimeMs = live!.expiresMs - renewals.at(-1)!.atMs;
    expect(lifetimeMs).toBeGreaterThan(days(6.9));
    expect(lifetimeMs).toBeLessThan(days(7));
    // Of the first subscription, which may have been one after a lapse.
    expect(catchUps).toHaveLength(1);
    expect(await channel.query<ChannelStatus>('status')).toMatchObject({ health: 'ok', renewals: 31 });
  });
});

test('three days without Zoho: the channel is dead, is subscribed anew, and everything since it was last seen is caught up with', async () => {
  await alive({ lifetime: '2d' }, async ({ mirror, renewals, catchUps, awayUntil }) => {
    await env.sleep(hourMs);
    const lastSeenMs = renewals[0]!.atMs;
    awayUntil(lastSeenMs + days(3));
    await env.sleep(days(3) + hourMs);
    expect(renewals.map((one) => one.alive)).toEqual([0, 0]);
    expect(mirror.sim.channels.live()).toHaveLength(1);
    const [, healing] = catchUps;
    expect(catchUps).toHaveLength(2);
    expect(Date.parse(healing!.since!)).toBeLessThanOrEqual(lastSeenMs + 2_000);
  });
});

test('from the third day to the sixth Zoho gives an hour: the channel never dies', async () => {
  await alive({}, async ({ mirror, renewals, catchUps }) => {
    const { channels, clock } = mirror.sim;
    await env.sleep(days(2));
    const generous = channels.expiry;
    channels.expiry = () => clock.second() + hourMs;
    await env.sleep(days(3));
    channels.expiry = generous;
    await env.sleep(days(2));
    expect(renewals.slice(1).map((one) => one.alive)).toEqual(Array(renewals.length - 1).fill(1));
    const long = waits(renewals).filter((wait) => wait > 60);
    expect(new Set(waits(renewals))).toEqual(new Set([23 * 60 + 55, 55]));
    expect(long.length).toBeGreaterThanOrEqual(4);
    expect(catchUps).toHaveLength(1);
  });
});

test('renewNow renews at once and the next renewal is a day after it; cancelling leaves no channel at Zoho', async () => {
  await alive({}, async ({ mirror, channel, renewals }) => {
    await env.sleep(hourMs);
    const status = await channel.executeUpdate<ChannelStatus, []>('renewNow');
    expect(status).toMatchObject({ health: 'ok', renewals: 2 });
    await env.sleep(days(1));
    expect(waits(renewals)).toEqual([60, 23 * 60 + 55]);
    expect(mirror.sim.channels.live()).toHaveLength(1);
    await channel.cancel();
    await channel.result().catch(() => undefined);
    expect(mirror.sim.channels.live()).toEqual([]);
  });
});

test('a channel that Zoho lists and never uses: catch-ups find what it should have told, and it is subscribed anew, once an hour', async () => {
  await alive({}, async ({ mirror, taskQueue, channel, renewals, catchUps }) => {
    for (let round = 1; round <= 6; round += 1) {
      await env.sleep(minutes(35));
      const catchUp = await env.client.workflow.start(workflowTypes.catchUpSync, {
        taskQueue,
        workflowId: `catch-up/Leads-${round}`,
        args: [{ module: 'Leads' }],
      });
      // Not by its result: while one waits for that, the clock may jump.
      await eventually('the catch-up', async () => (await catchUp.describe()).status.name === 'COMPLETED');
      // A doubt was signalled before the catch-up ended, so it shows by now.
      await eventually(
        'a rest',
        async () => (await channel.query<ChannelStatus>('status')).phase === 'waiting',
      );
    }
    // With every second catch-up, because the first comes too early for another doubt.
    expect(waits(renewals)).toEqual([70, 70, 70]);
    expect(mirror.sim.stats.count('watch.create')).toBe(4);
    // Each of them heals what the silence may have cost.
    expect(catchUps).toHaveLength(4);
  });
});
