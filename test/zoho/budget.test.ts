// The shared budget of API credits against the simulator, whose clock is everybody's clock here.
import { startSimulator, type Simulator } from '../../simulator';
import {
  createZoho,
  inBackground,
  type CreditMinute,
  type CreditStore,
  type Zoho,
  type ZohoOptions,
} from '../../src/zoho';
import { failureOf } from './support/failure';

const dayMs = 24 * 60 * 60_000;

interface Stage {
  sim: Simulator;
  zoho: Zoho;
  another: (change?: Partial<ZohoOptions>) => Zoho;
}

function memoryStore(): CreditStore {
  const kept = new Map<string, CreditMinute>();
  return {
    write: async (minutes) => {
      for (const one of minutes) kept.set(`${one.process} ${one.minute}`, one);
    },
    read: async (since) => [...kept.values()].filter(({ minute }) => minute >= since),
  };
}

async function withBudget(
  limits: { dailyCredits: number; reserve: number; zohos?: number },
  test: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { zohos, ...own } = limits;
  const sim = await startSimulator({ records: 3, notify: false, creditsPerDay: zohos ?? own.dailyCredits });
  const creditStore = memoryStore();
  const clients: Zoho[] = [];
  const another = (change: Partial<ZohoOptions> = {}): Zoho => {
    const zoho = createZoho({
      apiUrl: sim.url,
      accountsUrl: sim.url,
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      refreshToken: 'sim-refresh',
      clock: () => sim.clock.now(),
      limits: own,
      creditStore,
      ...change,
    });
    clients.push(zoho);
    return zoho;
  };
  try {
    await test({ sim, another, zoho: another() });
  } finally {
    await Promise.all(clients.map((zoho) => zoho.close()));
    await sim.close();
  }
}

const exported = (zoho: Zoho) =>
  inBackground(() => zoho.createBulkJob({ module: 'Leads', fields: ['Email'] }));

const reserved = { verdict: 'throttled', code: 'CREDITS_RESERVED' };

test('background work stops before the reserve is touched; other work goes on into it', async () => {
  await withBudget({ dailyCredits: 200, reserve: 60 }, async ({ sim, zoho }) => {
    await exported(zoho);
    await exported(zoho);
    expect(await failureOf(exported(zoho))).toMatchObject(reserved);
    expect(sim.credits.used()).toBe(100);
    for (let calls = 0; calls < 50; calls += 1) await zoho.modules();
    expect(sim.credits.used()).toBe(150);
    expect(await failureOf(inBackground(() => zoho.modules()))).toMatchObject(reserved);
  });
});

test('it says what is left, what is reserved and when it goes on, and waits no longer than half an hour', async () => {
  await withBudget({ dailyCredits: 6_000, reserve: 5_960 }, async ({ sim, zoho }) => {
    sim.clock.freeze();
    sim.clock.set(Date.parse('2026-08-01T10:00:30Z'));
    await zoho.createBulkJob({ module: 'Leads', fields: ['Email'] });
    const failure = await failureOf(inBackground(() => zoho.modules()));
    expect(failure.message).toBe(
      'Waiting for API credits: 5,950 left, reserve 5,960; goes on at about 2026-08-02T10:01:00Z',
    );
    expect(failure.waitMs).toBe(30 * 60_000);
    sim.clock.set(Date.parse('2026-08-02T09:58:30Z'));
    expect((await failureOf(inBackground(() => zoho.modules()))).waitMs).toBe(2.5 * 60_000);
  });
});

test('it goes on by itself when the day has rolled on', async () => {
  await withBudget({ dailyCredits: 200, reserve: 120 }, async ({ sim, zoho }) => {
    await exported(zoho);
    expect(await failureOf(exported(zoho))).toMatchObject(reserved);
    sim.clock.advance(dayMs + 2 * 60_000);
    await exported(zoho);
    expect(sim.credits.used()).toBeLessThanOrEqual(51);
  });
});

test('two processes share one budget', async () => {
  await withBudget({ dailyCredits: 200, reserve: 80 }, async ({ sim, zoho, another }) => {
    const other = another();
    await exported(zoho);
    await exported(other);
    sim.clock.advance(6_000);
    expect(await failureOf(exported(zoho))).toMatchObject(reserved);
    expect(await failureOf(exported(other))).toMatchObject(reserved);
    expect(sim.credits.used()).toBeLessThanOrEqual(120);
  });
});

test('a process that starts knows what others spent before', async () => {
  await withBudget({ dailyCredits: 200, reserve: 120 }, async ({ zoho, another }) => {
    await exported(zoho);
    await zoho.close();
    expect(await failureOf(exported(another()))).toMatchObject(reserved);
  });
});

test("credits that other applications spend are known from Zoho's header", async () => {
  await withBudget({ dailyCredits: 400, reserve: 100 }, async ({ sim, zoho, another }) => {
    const stranger = another({ limits: undefined, creditStore: undefined });
    for (let jobs = 0; jobs < 6; jobs += 1)
      await stranger.createBulkJob({ module: 'Leads', fields: ['Email'] });
    await zoho.modules();
    expect(zoho.credits()).toEqual({ spent: 1, spentToday: 1, remaining: 99 });
    expect(await failureOf(exported(zoho))).toMatchObject({ ...reserved, waitMs: 30 * 60_000 });
    expect(sim.credits.used()).toBe(301);
    // Nobody is told when a stranger's credits come back: one call asks.
    sim.clock.advance(dayMs + 60_000);
    await exported(zoho);
    expect(zoho.credits()).not.toHaveProperty('remaining');
  });
});

test('calls on their way count before they are answered', async () => {
  await withBudget({ dailyCredits: 200, reserve: 90 }, async ({ sim, zoho }) => {
    const all = await Promise.allSettled([exported(zoho), exported(zoho), exported(zoho)]);
    expect(all.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(sim.credits.used()).toBeLessThanOrEqual(110);
  });
});

test('a store that is down costs sharing, not the call', async () => {
  await withBudget({ dailyCredits: 200, reserve: 120 }, async ({ another }) => {
    const down = (): Promise<never> => Promise.reject(new Error('down'));
    const zoho = another({ creditStore: { read: down, write: down } });
    await exported(zoho);
    expect(await failureOf(exported(zoho))).toMatchObject(reserved);
  });
});
