// ChannelRenewal on a real Temporal server, with activities that answer as a test wants. Its long waits are in time-skipping.test.ts.
import type { WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { Activities, RenewedChannel } from '../../src/activities';
import {
  signals,
  TASK_QUEUE,
  workflowTypes,
  type ChannelRenewalInput,
  type ChannelStatus,
} from '../../src/contracts';
import { ensureChannel } from '../../src/temporal';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { fail, fakes, gate, hourMs, settings, type Fakes } from './fakes';
import { failureOf, reaches } from './reaches';

let temporal: TestTemporal;
let runs = 0;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

type Handle = WorkflowHandle<() => Promise<ChannelStatus>>;
type Stage = Fakes & { handle: Handle; renewNow: () => Promise<ChannelStatus> };

async function renewal<T>(
  change: Partial<Activities>,
  act: (stage: Stage) => Promise<T>,
  carried?: ChannelRenewalInput['carried'],
): Promise<T> {
  const cast = fakes(temporal.client, change);
  return temporal.withWorker(cast.activities, async (taskQueue) => {
    const handle: Handle = await temporal.client.workflow.start(workflowTypes.channelRenewal, {
      taskQueue,
      workflowId: `channel-renewal/${(runs += 1)}`,
      args: [{ module: 'Leads', ...(carried ? { carried } : {}) }],
    });
    return act({ ...cast, handle, renewNow: () => handle.executeUpdate<ChannelStatus, []>('renewNow') });
  });
}

const channel = (change: Partial<RenewedChannel> = {}): RenewedChannel => ({
  channelId: '123456789012345678',
  expiresAt: '2026-03-07T10:00:00.000Z',
  expiresInMs: 6 * 24 * hourMs,
  subscribedAnew: false,
  ...change,
});

const renewed = (handle: Handle, times: number): Promise<ChannelStatus> =>
  reaches(handle, `${times} renewals`, ({ renewals }) => renewals === times);

/** Seconds of every timer that the run has started. */
async function timers(handle: Handle): Promise<number[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
    timer ? [Number(timer.startToFireTimeout!.seconds)] : [],
  );
}

test('renewNow answers after the renewal, with one renewal more and the expiry that Zoho returned', async () => {
  await renewal({}, async ({ handle, renewNow }) => {
    await renewed(handle, 1);
    expect(await renewNow()).toMatchObject({
      module: 'Leads',
      phase: 'waiting',
      health: 'ok',
      renewals: 2,
      channelId: '123456789012345678',
      expiresAt: '2026-03-07T10:00:00.000Z',
      nextRenewalAt: expect.stringMatching(/Z$/),
    });
  });
});

test('an update that starts it is answered after the first renewal', async () => {
  const { activities } = fakes(temporal.client);
  await temporal.withWorker(
    activities,
    async () => {
      expect(await ensureChannel(temporal.client, 'Leads')).toMatchObject({ health: 'ok', renewals: 1 });
      expect(await ensureChannel(temporal.client, 'Leads')).toMatchObject({ health: 'ok', renewals: 2 });
    },
    { taskQueue: TASK_QUEUE },
  );
});

test.each([
  ['the configured 23 h 55 min', 6 * 24 * hourMs, 86_100],
  ['until five minutes before an expiry that Zoho cut to an hour', hourMs, 3_300],
  ['a minute at least, whatever expiry Zoho returns', 60_000, 60],
  ['a minute at least, even after the expiry', -hourMs, 60],
])('waits %s', async (_what, expiresInMs, seconds) => {
  await renewal(
    {
      openModule: async () => settings({ renewEveryMs: 86_100_000 }),
      renewChannel: async () => channel({ expiresInMs }),
    },
    async ({ handle }) => {
      await renewed(handle, 1);
      expect(await eventually('a timer', async () => (await timers(handle))[0])).toBe(seconds);
    },
  );
});

describe('a channel that had lapsed', () => {
  const lapsing =
    (anew: readonly boolean[]): Activities['renewChannel'] =>
    async () =>
      channel({ subscribedAnew: anew[0] === undefined ? false : (anew as boolean[]).shift()! });

  test('is a gap also at the first subscription, because a watermark says that there was a channel before', async () => {
    await renewal({ renewChannel: lapsing([true]) }, async ({ handle, calls }) => {
      await renewed(handle, 1);
      expect(calls).toContain('requestCatchUp');
    });
  });

  test('asks for a catch-up from the watermark', async () => {
    const requests: unknown[] = [];
    await renewal(
      {
        renewChannel: lapsing([false, true]),
        requestCatchUp: async (module, request) => void requests.push([module, request]),
      },
      async ({ handle, renewNow }) => {
        await renewed(handle, 1);
        await renewNow();
        expect(requests).toEqual([['Leads', {}]]);
      },
    );
  });

  test('asks for none while there is no watermark', async () => {
    await renewal(
      { renewChannel: lapsing([true, true]), readWatermark: async () => undefined },
      async ({ handle, renewNow, calls }) => {
        await renewed(handle, 1);
        await renewNow();
        expect(calls).not.toContain('requestCatchUp');
      },
    );
  });

  test('is remembered until the catch-up has been asked for', async () => {
    let asked = 0;
    await renewal(
      {
        renewChannel: lapsing([false, true]),
        readWatermark: async () => {
          if ((asked += 1) === 1) throw fail('DatabasePermanent', 'The login failed');
          return '2026-03-01T10:00:00.000Z';
        },
      },
      async ({ handle, renewNow, calls }) => {
        await renewed(handle, 1);
        expect(await renewNow()).toMatchObject({ health: 'degraded', lastError: 'The login failed' });
        expect(calls).not.toContain('requestCatchUp');
        expect(await renewNow()).toMatchObject({ health: 'ok', renewals: 2 });
        expect(calls).toContain('requestCatchUp');
      },
    );
  });
});

test.each(['renewNow', 'resume'])(
  'a permanent error makes it degraded, %s tries again, and it never ends',
  async (update) => {
    let mended = false;
    const renewChannel: Activities['renewChannel'] = async () => {
      if (!mended) throw fail('ZohoPermanent', 'Zoho refused the refresh token (invalid_code)');
      return channel();
    };
    await renewal({ renewChannel }, async ({ handle, renewNow }) => {
      const degraded = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(degraded).toMatchObject({
        renewals: 0,
        lastError: 'Zoho refused the refresh token (invalid_code)',
      });
      expect(await renewNow()).toMatchObject({ health: 'degraded', renewals: 0 });
      mended = true;
      await handle.executeUpdate(update);
      const healed = await reaches(handle, 'healed', ({ health }) => health === 'ok');
      expect(healed).toMatchObject({ renewals: 1 });
      expect(healed).not.toHaveProperty('lastError');
      expect((await handle.describe()).status.name).toBe('RUNNING');
    });
  },
);

test.each([
  ['', async () => undefined],
  [
    ', even where Zoho refuses that',
    async () => {
      throw fail('ZohoPermanent', 'Zoho refused the refresh token (invalid_code)');
    },
  ],
])('cancelling drops the channel and ends cancelled%s', async (_what, dropChannel) => {
  await renewal({ dropChannel }, async ({ handle, calls }) => {
    await renewed(handle, 1);
    await handle.cancel();
    expect(await failureOf(handle.result())).toBeInstanceOf(CancelledFailure);
    expect(calls.at(-1)).toBe('dropChannel');
  });
});

test('cancelling it in the middle of a renewal drops the channel too', async () => {
  const answer = gate();
  const renewChannel: Activities['renewChannel'] = async () => (await answer.opened, channel());
  await renewal({ renewChannel }, async ({ handle, calls }) => {
    await eventually('the renewal', () => calls.includes('renewChannel'));
    await handle.cancel();
    expect(await failureOf(handle.result())).toBeInstanceOf(CancelledFailure);
    expect(calls.at(-1)).toBe('dropChannel');
    answer.open();
  });
});

test('30 updates make it continue as new: it keeps its count and its appointment, and answers every update', async () => {
  await renewal({}, async ({ handle, renewNow, calls }) => {
    await renewed(handle, 1);
    const { runId } = await handle.describe();
    for (let times = 2; times <= 31; times += 1) expect((await renewNow()).renewals).toBe(times);
    await eventually('the next run', async () => (await handle.describe()).runId !== runId);
    expect(await renewed(handle, 31)).toMatchObject({
      health: 'ok',
      channelId: '123456789012345678',
      expiresAt: '2026-03-07T10:00:00.000Z',
      nextRenewalAt: expect.stringMatching(/Z$/),
    });
    expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(31);
    expect((await renewNow()).renewals).toBe(32);
  });
});

test('a degraded run continues as new like any other, with its trouble and the gap that is still to be healed', async () => {
  const requests: unknown[] = [];
  let mended = false;
  await renewal(
    {
      renewChannel: async () => channel({ subscribedAnew: requests.length === 0 }),
      requestCatchUp: async (...args) => {
        if (!mended) throw fail('DatabasePermanent', 'The login failed');
        requests.push(args);
      },
    },
    async ({ handle, renewNow }) => {
      await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      const { runId } = await handle.describe();
      for (let times = 2; times <= 31; times += 1)
        expect(await renewNow()).toMatchObject({ health: 'degraded', lastError: 'The login failed' });
      await eventually('the next run', async () => (await handle.describe()).runId !== runId);
      const carried = await reaches(handle, 'degraded again', ({ health }) => health === 'degraded');
      expect(carried).toMatchObject({ lastError: 'The login failed', lastErrorType: 'DatabasePermanent' });
      mended = true;
      expect(await renewNow()).toMatchObject({ health: 'ok' });
      expect(requests).toEqual([['Leads', {}]]);
    },
  );
});

test('the catch-up for a gap begins where the channel was last seen alive, if that is before the watermark', async () => {
  const requests: unknown[] = [];
  const answers = [channel({ expiresAt: '2026-03-06T10:00:00.000Z' }), channel({ subscribedAnew: true })];
  await renewal(
    {
      renewChannel: async () => answers.shift() ?? channel(),
      requestCatchUp: async (...args) => void requests.push(args),
    },
    async ({ handle, renewNow }) => {
      expect(await renewed(handle, 1)).toMatchObject({ verifiedAt: '2026-02-28T10:00:00.000Z' });
      await renewNow();
      expect(requests).toEqual([['Leads', { since: '2026-02-28T10:00:00.000Z' }]]);
    },
  );
});

test('each renewal knows what the one before has left', async () => {
  const known: unknown[] = [];
  await renewal(
    { renewChannel: async (_module, left) => (known.push(left), channel()) },
    async ({ handle, renewNow }) => {
      await renewed(handle, 1);
      await renewNow();
      expect(known).toEqual([{}, { channelId: '123456789012345678', expiresAt: '2026-03-07T10:00:00.000Z' }]);
    },
  );
});

test('one that works again wakes the others; one that was woken does not', async () => {
  let mended = false;
  const renewChannel: Activities['renewChannel'] = async () => {
    if (!mended) throw fail('ZohoPermanent', 'The scope is missing');
    return channel();
  };
  const degraded = (handle: Handle): Promise<unknown> =>
    reaches(handle, 'degraded', ({ health }) => health === 'degraded');
  await renewal({ renewChannel }, async ({ handle, renewNow, calls }) => {
    await degraded(handle);
    mended = true;
    await handle.signal('tryAgain');
    await renewed(handle, 1);
    expect(calls).not.toContain('wakeSiblings');
    mended = false;
    await renewNow();
    mended = true;
    await renewNow();
    await eventually('the word', () => calls.includes('wakeSiblings'));
  });
});

test('a process without PUBLIC_URL ends it: it gives up the channel, says why and fails', async () => {
  const dropped: unknown[] = [];
  await renewal(
    {
      renewChannel: async (_module, { channelId } = {}) => {
        if (channelId) throw fail('InvalidInput', 'PUBLIC_URL is not set, so Leads has no channel to renew');
        return channel();
      },
      dropChannel: async (...args) => void dropped.push(args),
    },
    async ({ handle }) => {
      await renewed(handle, 1);
      await handle.executeUpdate('resume');
      expect(await failureOf(handle.result())).toMatchObject({
        type: 'InvalidInput',
        message: 'PUBLIC_URL is not set, so Leads has no channel to renew',
      });
      expect(dropped).toEqual([['Leads', '123456789012345678']]);
    },
  );
});

test('loadAgain starts a load and leaves the channel as it is', async () => {
  const loads: string[] = [];
  const startLoad = async (module: string): Promise<void> => void loads.push(module);
  await renewal({ renewChannel: async () => channel(), startLoad }, async ({ handle, calls }) => {
    await renewed(handle, 1);
    const answer = await handle.executeUpdate<ChannelStatus, []>('loadAgain');
    expect([answer.renewals, loads]).toEqual([1, ['Leads']]);
    expect(calls.filter((name) => name === 'renewChannel')).toHaveLength(1);
  });
});

test('where the mirror polls it says so and fails', async () => {
  await renewal({ openModule: async () => settings({ polling: true }) }, async ({ handle }) => {
    expect(await failureOf(handle.result())).toMatchObject({
      type: 'InvalidInput',
      message: 'PUBLIC_URL is not set, so there is no channel to renew',
    });
  });
});

test('a doubt that comes while a renewal is under way is not settled by it: the next subscribes anew, at once', async () => {
  const doubts: boolean[] = [];
  const answer = gate();
  const renewChannel: Activities['renewChannel'] = async (_module, known) => {
    doubts.push(known?.doubted ?? false);
    await answer.opened;
    return channel();
  };
  await renewal(
    { renewChannel },
    async ({ handle }) => {
      await eventually('the first renewal', () => doubts.length === 1);
      await handle.signal(signals.channelDoubted);
      await reaches(handle, 'the doubt', ({ doubtedAt }) => !doubtedAt?.startsWith('2020'));
      answer.open();
      await renewed(handle, 2);
      expect(doubts).toEqual([false, true]);
    },
    { renewals: 0, doubtedAt: '2020-01-01T00:00:00.000Z' },
  );
});

test('of a module that Zoho does not notify it is told, nothing is degraded, and a later renewal may find it notified', async () => {
  const notNotified = 'Zoho does not notify Leads: its changes come by catch-up, every 15 min';
  let notified = false;
  const renewChannel: Activities['renewChannel'] = async () => {
    if (!notified) throw fail('NotNotified', notNotified);
    return channel();
  };
  // Long enough ago for another doubt.
  const doubtedAt = '2020-01-01T00:00:00.000Z';
  const act: Parameters<typeof renewal>[1] = async ({ handle, renewNow, calls }) => {
    expect(await renewNow()).toMatchObject({ phase: 'waiting', health: 'ok', notNotified, renewals: 0 });
    // There is no channel that could be in doubt.
    await handle.signal(signals.channelDoubted);
    notified = true;
    const seen = await renewNow();
    expect(seen).toMatchObject({ health: 'ok', renewals: 1 });
    expect(seen).not.toHaveProperty('notNotified');
    expect(seen.doubtedAt).toBe(doubtedAt);
    expect(calls).not.toContain('requestCatchUp');
  };
  await renewal({ renewChannel }, act, { renewals: 0, doubtedAt });
});
