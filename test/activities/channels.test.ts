// The notification channel against the simulator, whose channels really expire.
import { noCounts, workflowTypes } from '../../src/contracts';
import { instant } from '../../src/mirror';
import { withMirror } from '../support/mirror';

const hourMs = 3_600_000;

test('a first renewal subscribes, the next ones update, and both answer the expiry that Zoho lists', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    const first = await run(activities.renewChannel, ['Leads']);
    expect(first.subscribedAnew).toBe(true);
    const [channel] = sim.channels.live();
    expect(channel).toMatchObject({
      id: first.channelId,
      notifyUrl: 'http://127.0.0.1:9/zoho/notifications',
      events: ['Leads.all'],
      expiresMs: Date.parse(first.expiresAt),
    });
    expect(first.expiresInMs / (24 * hourMs)).toBeCloseTo(6, 2);

    sim.clock.advance(24 * hourMs);
    await run(activities.surveyChanges, ['Leads', new Date(0).toISOString(), 1]);
    const second = await run(activities.renewChannel, ['Leads']);
    expect(second).toMatchObject({ subscribedAnew: false, channelId: first.channelId });
    expect(Date.parse(second.expiresAt) - Date.parse(first.expiresAt)).toBeGreaterThan(23 * hourMs);
    expect(sim.channels.live()).toHaveLength(1);
  });
});

test('trap 2: a channel that expired unseen is subscribed anew, and says so', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    const first = await run(activities.renewChannel, ['Leads']);
    sim.channels.kill();
    expect(await run(activities.renewChannel, ['Leads'])).toMatchObject({
      subscribedAnew: true,
      channelId: first.channelId,
    });
    expect(sim.channels.live()).toHaveLength(1);
  });
});

test('trap 1: where Zoho silently gives an hour, an hour is what comes back', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    sim.channels.expiry = () => Math.floor((sim.clock.now() + hourMs) / 1_000) * 1_000;
    const { expiresInMs } = await run(activities.renewChannel, ['Leads']);
    expect(expiresInMs).toBeGreaterThan(hourMs - 10_000);
    expect(expiresInMs).toBeLessThanOrEqual(hourMs + 1_000);
  });
});

test('dropping a channel leaves none, and dropping it again is no error', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    await run(activities.renewChannel, ['Leads']);
    await run(activities.dropChannel, ['Leads']);
    expect(sim.channels.live()).toEqual([]);
    await expect(run(activities.dropChannel, ['Leads'])).resolves.toBeUndefined();
  });
});

test('a module that is not configured, or that Zoho does not know, is InvalidInput and names the ones there are', async () => {
  await withMirror({}, async ({ activities, run }) => {
    await expect(run(activities.openModule, ['Deals'])).rejects.toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: 'The module Deals is not configured. Configured: Leads',
    });
  });
});

test('a module that Zoho no longer shows is bad input before it was loaded, and a matter of rights after that', async () => {
  await withMirror({}, async ({ activities, db, run, zoho }) => {
    const { fields } = zoho;
    zoho.fields = async () => [];
    await expect(run(activities.openModule, ['Leads'])).rejects.toMatchObject({ type: 'InvalidInput' });
    await db.moveWatermark('Leads', zoho.now());
    await expect(run(activities.openModule, ['Leads'])).rejects.toMatchObject({
      type: 'ZohoPermanent',
      message: expect.stringContaining('no longer shows the module Leads'),
    });
    zoho.fields = fields;
    await expect(run(activities.openModule, ['Leads'])).resolves.toBeDefined();
  });
});

test('a revoked refresh token is permanent, a failing Zoho is not', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    sim.faults.add({ kind: 'status', route: 'watch.patch', status: 503 });
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({ type: 'ZohoTransient' });
    sim.oauth.revoke({ refreshTokens: true });
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({ type: 'ZohoPermanent' });
  });
});

describe('a channel in doubt', () => {
  test('is subscribed again where Zoho confirms it and does not list it', async () => {
    await withMirror({}, async ({ activities, run, sim, zoho }) => {
      await run(activities.renewChannel, ['Leads']);
      const { readChannel } = zoho;
      let asked = 0;
      zoho.readChannel = (...args) =>
        (asked += 1) === 1 ? Promise.resolve(undefined) : readChannel(...args);
      expect(await run(activities.renewChannel, ['Leads'])).toMatchObject({ subscribedAnew: true });
      expect(sim.stats.count('watch.create')).toBe(2);
      zoho.readChannel = () => Promise.resolve(undefined);
      await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({
        type: 'ZohoTransient',
        message: expect.stringContaining('CHANNEL_NOT_LISTED'),
      });
    });
  });

  test('that Zoho confirms and never lists is soon a matter for a person', async () => {
    await withMirror({}, async ({ activities, run, zoho }) => {
      zoho.readChannel = () => Promise.resolve(undefined);
      const attempted = (attempt: number) => run(activities.renewChannel, ['Leads'], { attempt });
      await expect(attempted(3)).rejects.toMatchObject({ type: 'ZohoTransient' });
      await expect(attempted(4)).rejects.toMatchObject({
        type: 'ZohoPermanent',
        nonRetryable: true,
        message: expect.stringContaining('CHANNEL_NOT_LISTED'),
      });
    });
  });

  test.each([
    [
      'a code that nobody knows',
      { status: 400, body: '{"status":"error","code":"WATCH_MOVED","details":{}}' },
    ],
    ['an answer without its parts', { status: 200, body: '{"watch":[]}' }],
  ])('is subscribed again where Zoho answers the update with %s', async (_what, answer) => {
    await withMirror({}, async ({ activities, run, sim }) => {
      await run(activities.renewChannel, ['Leads']);
      sim.faults.add({ kind: 'status', route: 'watch.patch', ...answer });
      expect(await run(activities.renewChannel, ['Leads'])).toMatchObject({ subscribedAnew: true });
      expect(sim.stats.count('watch.create')).toBe(2);
      expect(sim.channels.live()).toHaveLength(1);
    });
  });

  test.each([
    ['posts elsewhere', { notifyUrl: 'http://elsewhere.example/zoho/notifications' }],
    ['watches fewer events', { events: ['Leads.create'] }],
  ])('is subscribed again where it %s', async (_what, change) => {
    await withMirror({}, async ({ activities, run, sim, zoho }) => {
      await run(activities.renewChannel, ['Leads']);
      const { readChannel } = zoho;
      let asked = 0;
      zoho.readChannel = async (...args) => {
        const listed = await readChannel(...args);
        return (asked += 1) === 1 && listed ? { ...listed, ...change } : listed;
      };
      expect(await run(activities.renewChannel, ['Leads'])).toMatchObject({ subscribedAnew: true });
      expect(sim.stats.count('watch.create')).toBe(2);
      expect(sim.channels.live()).toHaveLength(1);
    });
  });

  test('is subscribed again when the workflow says that it has been silent', async () => {
    await withMirror({}, async ({ activities, run, sim }) => {
      await run(activities.renewChannel, ['Leads']);
      expect(await run(activities.renewChannel, ['Leads', { doubted: true }])).toMatchObject({
        subscribedAnew: true,
      });
      expect(sim.stats.count('watch.patch')).toBe(1);
    });
  });

  test('is subscribed again where an update no longer makes it last, and nothing was missed by that', async () => {
    await withMirror({}, async ({ activities, run, sim }) => {
      await run(activities.renewChannel, ['Leads']);
      const { expiry } = sim.channels;
      let asked = 0;
      sim.channels.expiry = (wanted) =>
        (asked += 1) === 1 ? sim.clock.second() + 3_600_000 : expiry.call(sim.channels, wanted);
      const { subscribedAnew, expiresInMs } = await run(activities.renewChannel, ['Leads']);
      expect(subscribedAnew).toBe(false);
      expect(expiresInMs / (24 * hourMs)).toBeCloseTo(6, 1);
    });
  });
});

test('a module that Zoho does not notify is told from a request of ours that it refuses', async () => {
  await withMirror({}, async ({ activities, run, sim, zoho }) => {
    sim.channels.notNotified.add('Leads');
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({
      type: 'NotNotified',
      nonRetryable: true,
      message: 'Zoho does not notify Leads (INVALID_DATA): its changes come by catch-up, every 15 min',
    });
    sim.channels.notNotified.clear();
    const { subscribe } = zoho;
    zoho.subscribe = (request, signal) => subscribe({ ...request, token: 'x'.repeat(51) }, signal);
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({ type: 'ZohoPermanent' });
    zoho.subscribe = subscribe;
    // Nothing says what Zoho refuses: a person must look.
    const body = '{"code":"INVALID_DATA","details":{},"message":"invalid data","status":"error"}';
    sim.faults.add({ kind: 'status', status: 400, body, route: 'watch.create', times: -1 });
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({ type: 'ZohoPermanent' });
  });
});

test('a renewal that comes after the expiry it knew is a gap, even where Zoho still has the channel', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    const { channelId } = await run(activities.renewChannel, ['Leads']);
    const before = new Date(sim.clock.now() - 1_000).toISOString();
    const after = new Date(sim.clock.now() + hourMs).toISOString();
    const renew = (expiresAt: string) => run(activities.renewChannel, ['Leads', { channelId, expiresAt }]);
    expect((await renew(after)).subscribedAnew).toBe(false);
    expect((await renew(before)).subscribedAnew).toBe(true);
  });
});

test('another URL means another channel: the old one is given up', async () => {
  await withMirror({}, async ({ activities, run, sim, zoho }) => {
    const old = '123456789012345678';
    await zoho.subscribe({
      channelId: old,
      module: 'Leads',
      notifyUrl: 'http://127.0.0.1:9/before',
      token: 'a-token',
      expiresAt: instant(sim.clock.now() + 24 * hourMs),
    });
    const { channelId } = await run(activities.renewChannel, ['Leads', { channelId: old }]);
    expect(sim.channels.live().map(({ id }) => id)).toEqual([channelId]);
  });
});

test.each([10, -10, 36 * 60])(
  'a clock %s minutes wrong still gets the longest lifetime, and knows how long it is',
  async (minutes) => {
    const localClock = (): number => Date.now() + minutes * 60_000;
    await withMirror({ lifetime: '6d23h', localClock }, async ({ activities, run, sim }) => {
      const { expiresAt, expiresInMs } = await run(activities.renewChannel, ['Leads']);
      const days = (Date.parse(expiresAt) - sim.clock.now()) / (24 * hourMs);
      expect(days).toBeGreaterThan(6.9);
      expect(days).toBeLessThan(7);
      expect(expiresInMs / (24 * hourMs)).toBeCloseTo(days, 2);
    });
  },
);

test('a clock that runs a day ahead of Zoho does not cut the next lifetime to an hour either', async () => {
  let localMs = Date.now();
  await withMirror({ localClock: () => localMs }, async ({ activities, run, sim }) => {
    await run(activities.renewChannel, ['Leads']);
    // What was learned of Zoho's clock is forgotten by then.
    localMs += 48 * hourMs;
    sim.clock.advance(12 * hourMs);
    const { expiresInMs, subscribedAnew } = await run(activities.renewChannel, ['Leads']);
    expect(expiresInMs / (24 * hourMs)).toBeCloseTo(6, 1);
    expect(subscribedAnew).toBe(false);
  });
});

test('a new secret reaches Zoho with the next renewal', async () => {
  await withMirror({}, async ({ activities, run, sim, zoho }) => {
    const { channelId } = await run(activities.renewChannel, ['Leads']);
    const right = sim.channels.live()[0]!.token;
    await zoho.updateChannel({
      channelId,
      module: 'Leads',
      notifyUrl: 'http://127.0.0.1:9/zoho/notifications',
      token: 'of-another-secret',
      expiresAt: instant(sim.clock.now() + 24 * hourMs),
    });
    expect(sim.channels.live()[0]!.token).toBe('of-another-secret');
    await run(activities.renewChannel, ['Leads']);
    expect(sim.channels.live()[0]!.token).toBe(right);
  });
});

test('without PUBLIC_URL a renewal is refused and says so, and the known channel can still be dropped', async () => {
  await withMirror({ polling: true }, async ({ activities, run, sim, zoho }) => {
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({
      type: 'InvalidInput',
      message: 'PUBLIC_URL is not set, so Leads has no channel to renew: the mirror polls',
    });
    await zoho.subscribe({
      channelId: '123456789012345678',
      module: 'Leads',
      notifyUrl: 'http://127.0.0.1:9/before',
      token: 'a-token',
      expiresAt: instant(sim.clock.now() + 24 * hourMs),
    });
    await run(activities.dropChannel, ['Leads', '123456789012345678']);
    expect(sim.channels.live()).toEqual([]);
  });
});

test.each([
  ['given up', 'a first load that failed', workflowTypes.initialSync, 'failed', false],
  ['kept', 'a first load that was cancelled', workflowTypes.initialSync, 'cancelled', false],
  ['kept', 'another load that failed', workflowTypes.initialSync, 'failed', true],
  ['kept', 'a comparison that failed', workflowTypes.reconcile, 'failed', false],
] as const)('the channel is %s after %s', async (fate, _what, workflowType, outcome, isLoaded) => {
  await withMirror({}, async ({ activities, db, run, cancelled }) => {
    if (isLoaded) await db.moveWatermark('Leads', instant(Date.now()));
    const end = { module: 'Leads', outcome, counts: noCounts(), startedAt: new Date().toISOString() };
    await run(activities.recordRun, [end], { workflowType });
    expect(cancelled).toEqual(fate === 'given up' ? ['channel-renewal/Leads'] : []);
  });
});
