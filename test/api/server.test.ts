// The webhook receiver over real HTTP, with a real Temporal server behind it, or none.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { freePort } from '../../dev/ports';
import { createApi, createMetrics, serveMetrics } from '../../src/api';
import { TASK_QUEUE, workflowTypes } from '../../src/contracts';
import { callbackUrl, channelToken, echoOf } from '../../src/webhook';
import { startTemporal, type TestTemporal } from '../support/temporal';

const secret = 'a-secret-of-the-webhook';
const token = channelToken(secret);
const receivedAt = '2026-03-01T10:00:00.000Z';

let temporal: TestTemporal;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => temporal.close());

async function listening(
  client: Client = temporal.client,
  metrics = createMetrics(),
  more: Partial<Parameters<typeof createApi>[0]> = {},
): Promise<string> {
  const api = createApi({
    webhookSecret: secret,
    modules: ['Leads', 'Contacts', 'Campaigns', 'Accounts'],
    temporal: client,
    log: pino({ level: 'silent' }),
    metrics,
    clock: () => new Date(receivedAt),
    ...more,
  });
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  closing.push(() => api.close());
  return url;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', body: sent, headers });
  return { status: response.status, json: (await response.json()) as unknown };
}

const notify = async (body: unknown, url?: string) =>
  post(`${url ?? (await listening())}/zoho/notifications`, body);

/** What the signals of a workflow carry, in order; undefined when there is no such workflow. */
async function signalsOf(workflowId: string): Promise<unknown[] | undefined> {
  try {
    const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }): unknown[] =>
      signal ? [JSON.parse(Buffer.from(signal.input!.payloads![0]!.data!).toString())] : [],
    );
  } catch {
    return undefined;
  }
}

describe('POST /zoho/notifications', () => {
  test('answers 200 when Temporal has the hint, each id once, in a workflow of the module', async () => {
    const answer = await notify({ token, module: 'Leads', ids: ['11', '12', '11'], operation: 'update' });
    expect(answer).toEqual({ status: 200, json: { accepted: 2 } });
    expect(await signalsOf('notification-sync/Leads')).toEqual([
      { ids: ['11', '12'], operation: 'update', receivedAt: '2026-03-01T10:00:00.000Z' },
    ]);
    const { status, type, taskQueue } = await temporal.client.workflow
      .getHandle('notification-sync/Leads')
      .describe();
    expect({ status: status.name, type, taskQueue }).toEqual({
      status: 'RUNNING',
      type: 'NotificationSync',
      taskQueue: 'zoho-mirror',
    });
  });

  test('a second notification joins the running workflow, whatever its content type says', async () => {
    const url = `${await listening()}/zoho/notifications`;
    const body = { token, module: 'Contacts', ids: ['1'], operation: 'insert' };
    expect((await post(url, body, { 'content-type': 'application/json' })).status).toBe(200);
    expect((await post(url, { ...body, ids: ['2'] }, { 'content-type': 'text/html' })).status).toBe(200);
    expect(await signalsOf('notification-sync/Contacts')).toHaveLength(2);
  });

  test('trap 7: 1,200 ids travel in signals of 500 at most', async () => {
    const ids = Array.from({ length: 1_200 }, (_unused, index) => `${1 + index}`);
    expect(await notify({ token, module: 'Campaigns', ids })).toEqual({
      status: 200,
      json: { accepted: 1_200 },
    });
    const sizes = (await signalsOf('notification-sync/Campaigns'))!.map(
      (hint) => (hint as { ids: string[] }).ids.length,
    );
    expect(sizes).toEqual([500, 500, 200]);
  });

  test.each([
    ['missing', {}],
    ['null', { token: null }],
    ['not text', { token: 7 }],
    ['empty', { token: '' }],
    ['wrong', { token: `${token}x` }],
    ["another secret's", { token: channelToken('another-secret-of-it') }],
  ])('answers 401 to a token that is %s', async (_what, given) => {
    expect((await notify({ module: 'Leads', ids: ['1'], ...given })).status).toBe(401);
  });

  test.each([
    ['text', 'hello'],
    ['nothing', ''],
    ['an array', '[]'],
    ['null', 'null'],
    ['a broken object', '{"token":'],
  ])('answers 400 to a body that is %s', async (_what, body) => {
    expect((await notify(body)).status).toBe(400);
  });

  test.each([
    ['no module', { ids: ['1'] }],
    ['a module that is no name', { module: '../Leads', ids: ['1'] }],
    ['no ids', { module: 'Leads' }],
    ['no array of ids', { module: 'Leads', ids: '1' }],
    ['an empty array of ids', { module: 'Leads', ids: [] }],
    ['a number as id', { module: 'Leads', ids: [1] }],
    ['an id with letters', { module: 'Leads', ids: ['1', 'x'] }],
    ['an id of 20 digits', { module: 'Leads', ids: ['12345678901234567890'] }],
  ])('answers 400 to %s', async (_what, given) => {
    expect((await notify({ token, ...given })).status).toBe(400);
  });

  test('answers 413 to a body over 1 MB, before it looks at the token', async () => {
    expect((await notify({ module: 'Leads', padding: 'x'.repeat(1_100_000) })).status).toBe(413);
  });

  test('acknowledges a module that nobody mirrors, and starts nothing', async () => {
    expect(await notify({ token, module: 'Deals', ids: ['1'] })).toEqual({
      status: 200,
      json: { accepted: 0 },
    });
    expect(await signalsOf('notification-sync/Deals')).toBeUndefined();
  });
});

describe('hostile senders', () => {
  const forged = { token: 'guess', module: 'Leads', ids: ['1'] };
  const times = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, make));

  test('after 60 wrong tokens a minute an address gets 429, and the right token still its 200', async () => {
    const url = await listening();
    const answers = await times(70, () => notify(forged, url));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    expect((await notify({ ...forged, token }, url)).status).toBe(200);
  });

  test('the slowing down is said once, and when to come again', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = pino(
      { level: 'warn' },
      { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    );
    const url = await listening(temporal.client, createMetrics(), { log });
    await times(65, () => notify('no JSON', url));
    const last = await fetch(`${url}/zoho/notifications`, { method: 'POST', body: JSON.stringify(forged) });
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ address: '127.0.0.1', perMinute: 60 });
  });

  test('forged callback references are counted too, and a signed one still wakes its workflow', async () => {
    const url = await listening();
    const body = { data: [{ id: '7' }] };
    const wrong = callbackUrl(url, 'another-secret-of-it', 'initial-sync/Leads');
    const statuses = (await times(61, () => post(wrong, body))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect((await post(callbackUrl(url, secret, 'initial-sync/Nobody'), body)).status).toBe(200);
  });

  test("a flood of the right token is never turned away: Zoho's mass update", async () => {
    const url = await listening();
    const answers = await times(300, () => notify({ token, module: 'Deals', ids: ['1'] }, url));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('a replayed notification is one more hint: it is read again, and nothing in it is believed', async () => {
    const url = await listening();
    const body = {
      token,
      module: 'Accounts',
      ids: ['5'],
      operation: 'delete',
      affected_values: [{ Email: 'x@y' }],
    };
    expect((await notify(body, url)).status).toBe(200);
    expect((await notify(body, url)).status).toBe(200);
    const hint = { ids: ['5'], operation: 'delete', receivedAt };
    expect(await signalsOf('notification-sync/Accounts')).toEqual([hint, hint]);
  });

  test('a body that does not arrive in time closes the connection', async () => {
    const url = new URL(await listening(temporal.client, createMetrics(), { slowRequestMs: 200 }));
    const socket = connect(Number(url.port), url.hostname);
    socket.write('POST /zoho/notifications HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"tok');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('POST /zoho/bulk-callback/<signed reference>', () => {
  const body = { data: [{ id: '4150868000001234567', state: 'COMPLETED' }] };

  async function waiting(workflowId: string): Promise<void> {
    await temporal.client.workflow.start(workflowTypes.initialSync, {
      taskQueue: TASK_QUEUE,
      workflowId,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ module: 'Leads' }],
    });
  }

  test('wakes the workflow that the reference names, and hands on nothing but the job id', async () => {
    await waiting('initial-sync/Leads');
    const url = callbackUrl(await listening(), secret, 'initial-sync/Leads');
    expect(await post(url, body)).toEqual({ status: 200, json: { ignored: false } });
    expect(await signalsOf('initial-sync/Leads')).toEqual([{ jobId: '4150868000001234567' }]);
  });

  test.each([
    ['forged', (url: string) => callbackUrl(url, 'another-secret-of-it', 'initial-sync/Contacts')],
    ['without a signature', (url: string) => `${url}/zoho/bulk-callback/aW5pdGlhbC1zeW5jL0NvbnRhY3Rz`],
    [
      "signed for another workflow's id",
      (url: string) =>
        callbackUrl(url, secret, 'initial-sync/Leads').replace(
          Buffer.from('initial-sync/Leads').toString('base64url'),
          Buffer.from('initial-sync/Contacts').toString('base64url'),
        ),
    ],
  ])('ignores a reference that is %s, with 200', async (_what, urlOf) => {
    await waiting('initial-sync/Contacts');
    expect(await post(urlOf(await listening()), body)).toEqual({ status: 200, json: { ignored: true } });
    expect(await signalsOf('initial-sync/Contacts')).toEqual([]);
  });

  test('ignores a workflow that has ended long ago, with 200', async () => {
    const url = await listening();
    expect(await post(callbackUrl(url, secret, 'initial-sync/Nobody'), body)).toEqual({
      status: 200,
      json: { ignored: true },
    });
  });

  test.each([['hello'], [{ data: [] }], [{ data: [{ id: 'x' }] }]])(
    'ignores a body that names no job, with 200: %j',
    async (odd) => {
      const url = callbackUrl(await listening(), secret, 'initial-sync/Leads');
      expect(await post(url, odd)).toEqual({ status: 200, json: { ignored: true } });
    },
  );
});

describe('health', () => {
  test('healthz says that the process lives, readyz that it reaches Temporal', async () => {
    const url = await listening();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('without Temporal: 200 from healthz, 503 from everything that needs it, within 30 s', async () => {
    // Not closed: the SDK would still try again on it, and that throws outside of any call.
    const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
    const url = await listening(new Client({ connection }));
    const began = Date.now();
    const [alive, ready, notified, called] = await Promise.all([
      fetch(`${url}/healthz`),
      fetch(`${url}/readyz`),
      notify({ token, module: 'Leads', ids: ['1'] }, url),
      post(callbackUrl(url, secret, 'initial-sync/Leads'), { data: [{ id: '7' }] }),
    ]);
    expect([alive.status, ready.status, notified.status, called.status]).toEqual([200, 503, 503, 503]);
    expect(Date.now() - began).toBeLessThan(30_000);
  });
});

describe('metrics', () => {
  const log = pino({ level: 'silent' });

  test('count accepted ids by module and answers by route and status', async () => {
    const metrics = createMetrics();
    const url = await listening(temporal.client, metrics);
    await notify({ token, module: 'Leads', ids: ['1', '2'], operation: 'update' }, url);
    await notify({ token: 'wrong', module: 'Leads', ids: ['3'] }, url);
    await fetch(`${url}/nobody/serves/this`);
    const port = await freePort();
    const served = await serveMetrics(metrics, { host: '127.0.0.1', port, log });
    closing.push(async () => served?.close());
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('zoho_mirror_notified_ids_total{module="Leads"} 2');
    for (const [route, status] of [
      ['/zoho/notifications', 200],
      ['/zoho/notifications', 401],
      ['none', 404],
    ])
      expect(text).toContain(
        `zoho_mirror_api_request_duration_seconds_count{route="${route}",status="${status}"} 1`,
      );
    expect(text).not.toContain('nobody');
  });

  test('a port that is taken costs the metrics, not the API', async () => {
    const { port } = new URL(await listening());
    const served = await serveMetrics(createMetrics(), { host: '127.0.0.1', port: Number(port), log });
    expect(served).toBeUndefined();
  });
});

describe('GET /zoho/echo', () => {
  test('signs a nonce with the secret, so that a URL can be seen to lead to this mirror', async () => {
    const url = await listening();
    const nonce = 'a-nonce-of-sixteen';
    const answer = await fetch(`${url}/zoho/echo/${nonce}`);
    expect(await answer.json()).toEqual({ signature: echoOf(secret, nonce) });
    expect(echoOf('another-secret-of-it', nonce)).not.toBe(echoOf(secret, nonce));
  });

  test.each(['short', 'with%20blanks%20in%20it', 'x'.repeat(65)])(
    'takes no %s for a nonce',
    async (nonce) => {
      expect((await fetch(`${await listening()}/zoho/echo/${nonce}`)).status).toBe(400);
    },
  );
});
