// OAuth of the simulator, as the accounts server behaves.
import { at, refresh, textAt, withSimulator } from './client';

test('a refresh gives a token for this very server, without a new refresh token', () =>
  withSimulator({}, async ({ sim }) => {
    const granted = await refresh(sim.url, {});
    expect(granted.status).toBe(200);
    expect(granted.json).toMatchObject({ api_domain: sim.url, token_type: 'Bearer', expires_in: 3600 });
    expect(at(granted.json, 'refresh_token')).toBeUndefined();
  }));

test('a grant token gives the refresh token, once, and only to its own client', () =>
  withSimulator({}, async ({ sim }) => {
    const grant = { grant_type: 'authorization_code', code: 'sim-grant' };
    const stranger = await refresh(sim.url, { ...grant, client_secret: 'wrong' });
    expect(stranger.text).toBe('{"error":"invalid_client_secret"}');
    const granted = await refresh(sim.url, grant);
    expect(granted.json).toMatchObject({ refresh_token: 'sim-refresh', token_type: 'Bearer' });
    expect((await refresh(sim.url, grant)).text).toBe('{"error":"invalid_code"}');
  }));

test('a bad refresh token or client is an error inside HTTP 200', () =>
  withSimulator({}, async ({ sim }) => {
    const code = await refresh(sim.url, { refresh_token: 'wrong' });
    expect([code.status, code.text]).toEqual([200, '{"error":"invalid_code"}']);
    const secret = await refresh(sim.url, { client_secret: 'wrong' });
    expect([secret.status, secret.text]).toEqual([200, '{"error":"invalid_client_secret"}']);
    const client = await refresh(sim.url, { client_id: 'wrong' });
    expect([client.status, client.text]).toEqual([200, '{"error":"invalid_client"}']);
  }));

test('the eleventh refresh within ten minutes is refused with HTTP 400, and works again later', () =>
  withSimulator({}, async ({ sim }) => {
    for (let made = 1; made < 10; made += 1) expect((await refresh(sim.url, {})).status).toBe(200);
    const refused = await refresh(sim.url, {});
    expect([refused.status, textAt(refused.json, 'error')]).toEqual([400, 'Access Denied']);
    sim.clock.advance(600_001);
    expect(textAt((await refresh(sim.url, {})).json, 'access_token')).toMatch(/^1000\./);
  }));

test('the sixteenth live token kills the oldest', () =>
  withSimulator({ refreshesPerTenMinutes: 100 }, async ({ sim, call }) => {
    for (let made = 1; made < 15; made += 1) await refresh(sim.url, {});
    expect((await call('GET', '/crm/v8/settings/modules')).status).toBe(200);
    await refresh(sim.url, {});
    const refused = await call('GET', '/crm/v8/settings/modules');
    expect([refused.status, textAt(refused.json, 'code')]).toEqual([401, 'INVALID_TOKEN']);
  }));

test('a token dies with its hour', () =>
  withSimulator({}, async ({ sim, call }) => {
    sim.clock.advance(3_600_001);
    expect((await call('GET', '/crm/v8/org')).status).toBe(401);
  }));

test('the Date header follows the clock', () =>
  withSimulator({}, async ({ call, control }) => {
    await control('POST', 'clock', { set: '2031-05-06T07:08:09Z' });
    const answer = await call('GET', '/crm/v8/nowhere/at/all/here');
    expect(answer.headers.get('date')).toMatch(/^Tue, 06 May 2031 07:08:/);
  }));
