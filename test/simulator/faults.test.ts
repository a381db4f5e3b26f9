// Faults, budgets and controls of the simulator.
import { download, textAt, unzip, rowsOf, until, withSimulator } from './client';

const LEADS = { module: { api_name: 'Leads' }, fields: ['Company', 'Description'] };

test('a status rule strikes its route as often as it says', () =>
  withSimulator({}, async ({ call, control }) => {
    await control('POST', 'faults', {
      route: 'records.list',
      kind: 'status',
      status: 503,
      times: 2,
      headers: { 'retry-after': '7' },
    });
    const ask = () => call('GET', '/crm/v8/Leads?fields=Email');
    expect((await ask()).headers.get('retry-after')).toBe('7');
    expect((await call('GET', '/crm/v8/org')).status).toBe(200);
    expect([(await ask()).status, (await ask()).status]).toEqual([503, 200]);
  }));

test('a job can be created although its answer never arrives', () =>
  withSimulator({}, async ({ call, sim }) => {
    sim.faults.add({ route: 'bulk.create', kind: 'reset', phase: 'after' });
    await expect(call('POST', '/crm/bulk/v8/read', { body: { query: LEADS } })).rejects.toThrow();
    expect(sim.jobs.list()).toHaveLength(1);
  }));

test('a timeout rule never answers, and closing the simulator ends the wait', async () => {
  let waiting: Promise<unknown> = Promise.resolve();
  await withSimulator({}, async ({ call, sim }) => {
    sim.faults.add({ route: 'org', kind: 'timeout' });
    waiting = call('GET', '/crm/v8/org').catch((error: unknown) => error);
    await until(
      () => sim.stats.count('org'),
      (count) => count === 1,
    );
  });
  expect(textAt(await waiting, 'message')).toBe('fetch failed');
});

test('Bulk Read may hide a 429 in a 400', () =>
  withSimulator({}, async ({ call, sim }) => {
    sim.faults.add({ route: 'bulk.create', kind: 'bulk-429-in-400' });
    const answer = await call('POST', '/crm/bulk/v8/read', { body: { query: LEADS } });
    expect([answer.status, textAt(answer.json, 'code')]).toEqual([400, 'TOO_MANY_REQUESTS']);
  }));

test('downloads come truncated, cut off, corrupt or short, and whole the next time', () =>
  withSimulator({ records: 500, downloadsPerMinute: 100 }, async (world) => {
    const job = await world.bulk(LEADS);
    await world.finished(job);
    const whole = await download(world, job);
    world.sim.faults.add({ route: 'bulk.download', kind: 'truncate', afterBytes: 3000 });
    expect(await download(world, job)).toEqual(whole.subarray(0, 3000));
    world.sim.faults.add({ route: 'bulk.download', kind: 'cut', afterBytes: 3000 });
    await expect(download(world, job)).rejects.toThrow();
    world.sim.faults.add({ route: 'bulk.download', kind: 'corrupt' });
    const corrupt = await download(world, job);
    expect(corrupt).toHaveLength(whole.length);
    expect(() => unzip(corrupt)).toThrow();
    world.sim.faults.add({ route: 'bulk.download', kind: 'short', rows: 7 });
    expect(rowsOf(unzip(await download(world, job)).text)).toHaveLength(493);
    expect(await download(world, job)).toEqual(whole);
  }));

test('page tokens and channels expire on demand', () =>
  withSimulator({ records: 15, pageRows: 10 }, async (world) => {
    const done = await world.finished(await world.bulk(LEADS));
    world.sim.faults.add({ kind: 'expire-page-token' });
    const query = { page_token: textAt(done, 'result.next_page_token') };
    expect(textAt((await world.call('POST', '/crm/bulk/v8/read', { body: { query } })).json, 'code')).toBe(
      'EXPIRED_VALUE',
    );
    const watch = [{ channel_id: '1', events: ['Leads.all'], notify_url: 'http://127.0.0.1:9/x' }];
    await world.call('POST', '/crm/v8/actions/watch', { body: { watch } });
    world.sim.faults.add({ kind: 'expire-channel' });
    expect(
      textAt((await world.call('PATCH', '/crm/v8/actions/watch', { body: { watch } })).json, 'watch.0.code'),
    ).toBe('NOT_SUBSCRIBED');
  }));

test('credits run out with 429, are shown from half on, and come back after a day', () =>
  withSimulator({ creditsPerDay: 60, tokenLifetimeSeconds: 1_000_000 }, async ({ call, sim }) => {
    expect((await call('GET', '/crm/v8/org')).headers.get('x-api-credits-remaining')).toBeNull();
    const bulk = await call('POST', '/crm/bulk/v8/read', { body: { query: LEADS } });
    expect(bulk.headers.get('x-api-credits-remaining')).toBe('9');
    const coql = { body: { select_query: 'select id from Leads limit 2000' } };
    for (let made = 0; made < 3; made += 1)
      expect((await call('POST', '/crm/v8/coql', coql)).status).toBe(200);
    const refused = await call('GET', '/crm/v8/org');
    expect([refused.status, textAt(refused.json, 'code')]).toEqual([429, 'TOO_MANY_REQUESTS']);
    sim.clock.advance(86_401_000);
    expect((await call('GET', '/crm/v8/org')).status).toBe(200);
  }));

test('too many calls at a time are refused', () =>
  withSimulator({ concurrency: 1 }, async ({ call, sim }) => {
    sim.faults.add({ route: 'org', kind: 'slow', phase: 'after', delayMs: 400 });
    const first = call('GET', '/crm/v8/org');
    await until(
      () => sim.stats.count('org'),
      (count) => count === 1,
    );
    expect((await call('GET', '/crm/v8/users')).status).toBe(429);
    expect((await first).status).toBe(200);
    await until(
      async () => (await call('GET', '/crm/v8/users')).status,
      (status) => status === 200,
    );
  }));

test('unknown addresses, methods, versions and modules are refused as Zoho does', () =>
  withSimulator({}, async ({ call }) => {
    const code = async (method: string, path: string) => {
      const answer = await call(method, path);
      return [answer.status, textAt(answer.json, 'code')];
    };
    expect(await code('GET', '/crm/v8/a/b/c/d/e')).toEqual([404, 'INVALID_URL_PATTERN']);
    expect(await code('GET', '/crm/v2/Leads')).toEqual([404, 'INVALID_URL_PATTERN']);
    expect(await code('GET', '/crm/v8/Nowhere?fields=id')).toEqual([400, 'INVALID_MODULE']);
    expect(await code('DELETE', '/crm/v8/coql')).toEqual([400, 'INVALID_REQUEST_METHOD']);
  }));

test('reset starts over', () =>
  withSimulator({ records: 20 }, async ({ control, sim }) => {
    sim.faults.add({ kind: 'reset', times: -1 });
    sim.crm.create('Leads');
    await control('POST', 'reset', { records: 5 });
    expect(sim.crm.table('Leads').rows.size).toBe(5);
    expect(await control('GET', 'stats')).toMatchObject({
      faults: [],
      jobs: [],
      channels: 0,
      records: { Leads: 5 },
    });
  }));

test('a broken control call says what is wrong', () =>
  withSimulator({}, async ({ control }) => {
    expect(textAt(await control('POST', 'faults', { kind: 'nonsense' }), 'code')).toBe('SIMULATOR_INPUT');
    expect(textAt(await control('PATCH', 'records/Leads/1', { values: {} }), 'message')).toBe(
      'Leads 1 is not live',
    );
  }));
