// The reserve of API credits: who stops before it and who goes on, told by the workflow that an activity works for.
import { openDatabase } from '../../src/db';
import { sharedStores } from '../../src/activities';
import { createZoho, inBackground } from '../../src/zoho';
import { withMirror, type Mirror } from '../support/mirror';

const dayMs = 24 * 60 * 60_000;
const yaml = 'limits: { dailyCredits: 200, reserve: 100 }\n';

const scarce = (test: (mirror: Mirror, ids: string[]) => Promise<void>): Promise<void> =>
  withMirror(
    { yaml, sharedClock: true, batchRows: 100, simulator: { records: 10, creditsPerDay: 200 } },
    async (mirror) => {
      await mirror.load();
      // Of 100 credits for background work the load has spent more than half.
      expect(mirror.sim.credits.used()).toBeGreaterThan(50);
      await test(mirror, [...mirror.sim.crm.table('Leads').ids()]);
    },
  );

const exporting = (mirror: Mirror, workflowType: string): Promise<unknown> =>
  mirror.run(mirror.activities.createExport, [{ module: 'Leads', page: 1 }], { workflowType });

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test.each(['InitialSync', 'CatchUpSync', 'Reconcile', 'AnythingNew'])(
  '%s stops before the reserve is touched, and says how long to wait',
  async (workflowType) => {
    await scarce(async (mirror) => {
      const failure = await failureOf(exporting(mirror, workflowType));
      expect(failure).toMatchObject({
        type: 'CreditsReserved',
        nonRetryable: true,
        details: [30 * 60_000],
        message: expect.stringMatching(
          /^Waiting for API credits: 1[0-4]\d left, reserve 100; goes on at about 20\d\d-.*Z$/,
        ),
      });
      expect(mirror.sim.credits.used()).toBeLessThan(100);
    });
  },
);

test('re-reads of notified records and the channel go on, with metadata that a catch-up was refused', async () => {
  await scarce(async (mirror, [edited]) => {
    const { sim, run, activities } = mirror;
    while (sim.credits.used() < 100) await mirror.zoho.modules();
    sim.clock.advance(11 * 60_000);
    const refused = failureOf(run(activities.openModule, ['Leads'], { workflowType: 'CatchUpSync' }));
    sim.crm.edit('Leads', edited!, { Last_Name: 'Ann' });
    const notified = { module: 'Leads', ids: [edited!], expected: [] };
    const { counts } = await run(activities.rereadRecords, [notified], { workflowType: 'NotificationSync' });
    expect(counts).toMatchObject({ read: 1, updated: 1 });
    await run(activities.renewChannel, ['Leads'], { workflowType: 'ChannelRenewal' });
    expect(await refused).toMatchObject({ type: 'CreditsReserved' });
    expect(sim.channels.live()).toHaveLength(1);
    expect(sim.credits.used()).toBeGreaterThan(105);
  });
});

test('several workers share one budget and one token through the database', async () => {
  await scarce(async ({ sim, databasePath }) => {
    const workers = await Promise.all([1, 2, 3].map(() => openWorker(databasePath, sim)));
    try {
      // All start with a dead token at the same time.
      sim.oauth.revoke({ refreshTokens: false });
      const issued = sim.oauth.issued;
      await Promise.all(workers.map(({ zoho }) => zoho.modules()));
      expect(sim.oauth.issued).toBe(issued + 1);
      // Each has made one call itself, and knows of the load that another process has made.
      for (const { zoho } of workers)
        expect(
          await failureOf(inBackground(() => zoho.createBulkJob({ module: 'Leads', fields: ['Email'] }))),
        ).toMatchObject({ code: 'CREDITS_RESERVED' });
      expect(sim.credits.used()).toBeLessThan(100);
    } finally {
      for (const { close } of workers) await close();
    }
  });
});

async function openWorker(path: string, sim: Mirror['sim']) {
  const db = await openDatabase(`sqlite:${path}`);
  const zoho = createZoho({
    apiUrl: sim.url,
    accountsUrl: sim.url,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    refreshToken: 'sim-refresh',
    clock: () => sim.clock.now(),
    limits: { dailyCredits: 200, reserve: 100 },
    ...sharedStores(db),
  });
  return {
    zoho,
    async close() {
      await zoho.close();
      await db.close();
    },
  };
}

test('background work goes on when the day has rolled on', async () => {
  await scarce(async (mirror) => {
    expect(await failureOf(exporting(mirror, 'InitialSync'))).toMatchObject({ type: 'CreditsReserved' });
    mirror.sim.clock.advance(dayMs + 2 * 60_000);
    expect(await failureOf(exporting(mirror, 'InitialSync'))).toBeUndefined();
  });
});
