// The notification channel against the simulator, whose channels really expire.
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

test('a revoked refresh token is permanent, a failing Zoho is not', async () => {
  await withMirror({}, async ({ activities, run, sim }) => {
    sim.faults.add({ kind: 'status', route: 'watch.patch', status: 503 });
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({ type: 'ZohoTransient' });
    sim.oauth.revoke({ refreshTokens: true });
    await expect(run(activities.renewChannel, ['Leads'])).rejects.toMatchObject({ type: 'ZohoPermanent' });
  });
});
