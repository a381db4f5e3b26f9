// Reconcile and the operator's commands as people type them, against a whole installation.
import Sqlite from 'better-sqlite3';
import { mutate } from '../../simulator';
import { scheduleIds, workflowIds, type Status } from '../../src/contracts';
import { sendHints } from '../../src/temporal';
import { Town } from '../end-to-end/town';
import { eventually } from '../support/eventually';
import { zohoMirror } from './commands';

let town: Town;
beforeAll(async () => {
  // Nobody is notified: what changes in the CRM stays unseen until somebody looks.
  town = await Town.open({
    simulator: { records: 60, pageRows: 25, downloadsPerMinute: 1_000, notify: false },
  });
  expect((await run('sync', 'Leads', '--json')).code).toBe(0);
});
afterAll(async () => town?.close());

const run = (...args: string[]) => zohoMirror(args, { env: town.env });

const plant = (...statements: string[]): void => {
  const beside = new Sqlite(town.env.LEGACY_DB!.replace('sqlite:', ''));
  for (const statement of statements) beside.exec(statement);
  beside.close();
};

const clean = { module: 'Leads', missing: 0, extra: 0, stale: 0, foreign: 0, rejected: 0, repaired: 0 };

test('what changed unseen and what an outsider did is found, repaired, and gone in the next run', async () => {
  const { sim, client } = town;
  const equal = await run('reconcile', 'Leads', '--fields', '--json');
  expect(equal.code).toBe(0);
  expect(equal.json()).toMatchObject({ ...clean, compared: 60 });
  // Three pages at 50, a look and a download each, some polls.
  expect((equal.json() as { credits: number }).credits).toBeGreaterThanOrEqual(156);
  expect((equal.json() as { seconds: number }).seconds).toBeGreaterThan(0);

  const [changed, removed, untouched] = sim.crm.table('Leads').ids();
  plant(
    `UPDATE Leads SET Company = 'Planted' WHERE id = ${changed}`,
    `DELETE FROM Leads WHERE id = ${removed}`,
  );
  mutate(sim.crm, { module: 'Leads', creates: 1, seed: 3 });
  sim.crm.remove('Leads', untouched!);

  const byIds = await run('reconcile', 'Leads', '--json');
  expect(byIds.code).toBe(1);
  expect(byIds.json()).toMatchObject({ ...clean, compared: 61, missing: 2, extra: 1 });

  const words = await run('reconcile', '--fields', '--repair');
  expect(words.code).toBe(0);
  expect(words.out).toContain('Leads: 61 records compared, 4 differ, 4 repaired');
  expect(words.out).toContain(`stale: ${changed}`);
  expect(await town.differences()).toEqual([]);

  const again = await run('reconcile', 'Leads', '--fields', '--json');
  expect(again.code).toBe(0);
  expect(again.json()).toMatchObject({ ...clean, compared: 60 });

  const { spec, action } = await client.schedule.getHandle('reconcile/Leads').describe();
  expect(spec.intervals).toMatchObject([{ every: 7 * 86_400_000 }]);
  expect(action).toMatchObject({
    workflowType: 'Reconcile',
    args: [{ module: 'Leads', repair: true, fields: true }],
  });
});

test('a catch-up is asked for and followed; a time that is none is refused before anything is asked', async () => {
  const { sim } = town;
  mutate(sim.crm, { module: 'Leads', edits: 2, seed: 9 });
  sim.clock.advance(2_000);
  const done = await run('catch-up', 'Leads', '--since', '2020-01-01T00:00:00Z', '--json');
  expect(done.code).toBe(0);
  expect(done.json()).toMatchObject({ module: 'Leads', phase: 'done', health: 'ok' });
  expect(await town.differences()).toEqual([]);

  const wrong = await run('catch-up', 'Leads', '--since', 'yesterday');
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('zoho-mirror: --since yesterday is no time');
  const future = await run('catch-up', 'Leads', '--since', '2999-01-01T00:00:00Z');
  expect([future.code, future.err]).toEqual([
    2,
    'zoho-mirror: --since 2999-01-01T00:00:00Z is in the future. Allowed: a time that has passed\n',
  ]);
});

test('a load that somebody cancels ran, and ends with bad news', async () => {
  town.sim.jobs.hold();
  const load = town.client.workflow.getHandle(workflowIds.initialSync('Leads'));
  const sync = run('sync', 'Leads');
  await eventually('the load waits for its export', async () => {
    const { phase } = await load.query<Status>('status');
    return phase === 'exporting';
  });
  await load.cancel();
  const { code, err } = await sync;
  town.sim.jobs.release();
  expect(code).toBe(1);
  expect(err).toMatch(/^zoho-mirror: .*cancel/im);
});

test('pause, resume and renew reach what is running', async () => {
  const paused = await run('pause', 'channel-renewal/Leads', '--json');
  expect(paused.json()).toMatchObject({ workflows: [{ workflowId: 'channel-renewal/Leads' }] });
  const seen = await run('status', 'Leads');
  expect(seen.out).toContain('channel-renewal/Leads is paused. Let it go on: zoho-mirror resume');
  const refused = await run('renew', 'Leads');
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('the renewal of the channel is paused: resume it first');
  expect((await run('resume', 'Leads')).out).toContain('channel-renewal/Leads: goes on\n');
  expect((await run('status', 'Leads')).out).not.toContain('paused');
  const renewed = await run('renew', 'Leads', '--json');
  expect(renewed.code).toBe(0);
  expect(renewed.json()).toMatchObject({
    module: 'Leads',
    health: 'ok',
    expiresAt: expect.stringMatching(/Z$/) as string,
  });

  const nothing = await run('pause', 'initial-sync/Nobody');
  expect(nothing.code).toBe(2);
  expect(nothing.err).toContain('Nothing of initial-sync/Nobody is running');
  const unknown = await run('reconcile', 'Nobody');
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain('The module Nobody is not configured. Configured: Leads');
});

test('a paused module holds still, whatever comes: notifications wait, and schedules start nothing', async () => {
  const { sim, client } = town;
  // An operator has the last word about what he has paused himself.
  await client.schedule.getHandle(scheduleIds.reconcile('Leads')).pause('stocktaking');
  const paused = await run('pause', 'Leads');
  expect([paused.code, paused.err]).toEqual([0, '']);
  expect(paused.out.split('\n')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^channel-renewal\/Leads: paused/),
      expect.stringMatching(/^notification-sync\/Leads: paused/),
      'schedule catch-up/Leads: paused: it starts nothing',
      'schedule reconcile/Leads: paused: it starts nothing',
    ]),
  );
  const seen = (await run('status')).out;
  expect(seen).toMatch(/^Leads is paused: .*channel-renewal\/Leads.*, schedule catch-up\/Leads\. /m);
  expect(seen).toContain('schedule catch-up/Leads. Let it go on: zoho-mirror resume Leads\n');
  expect(seen).toContain(
    'The schedule reconcile/Leads is paused (stocktaking) and starts nothing. ' +
      'Let it go on: temporal schedule toggle --schedule-id reconcile/Leads --unpause',
  );

  const { edited } = mutate(sim.crm, { module: 'Leads', edits: 1, seed: 10 });
  const receivedAt = new Date().toISOString();
  await sendHints(client, 'Leads', { ids: edited, operation: 'update', receivedAt });
  const notified = client.workflow.getHandle(workflowIds.notificationSync('Leads'));
  expect(await notified.query('status')).toMatchObject({ phase: 'paused', paused: true, pending: 1 });
  expect(await town.differences()).not.toEqual([]);

  const resumed = await run('resume', 'Leads');
  expect(resumed.out).toContain('notification-sync/Leads: goes on\n');
  expect(resumed.out).toContain('schedule catch-up/Leads: goes on');
  expect(resumed.out).not.toContain('schedule reconcile');
  await eventually('the change is applied', async () => (await town.differences()).length === 0);
  await client.schedule.getHandle(scheduleIds.reconcile('Leads')).unpause();
  expect((await run('status')).out).not.toContain('paused');
});

test('a load that waits for a paused channel goes on with the same resume that lets the channel go on', async () => {
  await run('pause', 'Leads');
  const load = town.client.workflow.getHandle(workflowIds.initialSync('Leads'));
  expect((await run('sync', 'Leads', '--detach')).code).toBe(0);
  await eventually('the load to be degraded', async () => {
    const { health } = await load.query<{ health: string }>('status');
    return health === 'degraded';
  });
  expect((await run('resume', 'Leads')).out).toContain('channel-renewal/Leads: goes on\n');
  expect(await load.result()).toMatchObject({ phase: 'done', health: 'ok' });
});

test('without a worker nothing is asked, so that no pause takes effect hours later', async () => {
  await town.stop();
  for (const command of ['pause', 'renew']) {
    const { code, err } = await run(command, 'Leads');
    expect(code).toBe(2);
    expect(err).toContain('so nothing was asked of it. Start one: zoho-mirror start');
  }
  await town.start();
  const { out } = await run('status', 'Leads');
  expect(out).not.toContain('paused');
});

test.each(['reconcile', 'catch-up', 'pause', 'resume', 'renew'])(
  'the help of %s shows the same with the Temporal CLI',
  async (command) => {
    const { code, out } = await run(command, '--help');
    expect(code).toBe(0);
    expect(out).toContain('The same with the Temporal CLI:\n  temporal workflow ');
  },
);
