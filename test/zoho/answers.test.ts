// The traps of Zoho's answers: envelopes, statuses, bodies, hosts.
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { instant, parseInstant } from '../../src/mirror/instant';
import { recordId } from '../../src/mirror/record-id';
import type { ChannelRequest } from '../../src/zoho';
import { failureOf } from './support/failure';
import { json, withScript, type Reply } from './support/server';

const since = parseInstant('2026-08-01T10:00:00.700Z');
const until = parseInstant('2026-08-02T10:00:00.700Z');
const id = recordId('5725767000000000101');
const job = { id: '900', operation: 'read', state: 'COMPLETED', created_time: '2026-08-01T03:00:00-07:00' };
const channel: ChannelRequest = {
  channelId: '1000000068001',
  module: 'Leads',
  notifyUrl: 'https://mirror.example/zoho',
  token: 'channel-token',
  expiresAt: parseInstant('2026-08-07T10:00:00.123Z'),
};

const always = (reply: Reply) => ({ api: () => reply });

test('trap 18: 204 is nothing: no records, no deletions, no changes, no channel, no fields', async () => {
  await withScript(always({ status: 204 }), async ({ zoho }) => {
    expect((await zoho.recordsByIds('Leads', [id], [])).records).toEqual([]);
    expect((await zoho.recordById('Leads', id, [])).record).toBeUndefined();
    expect(await zoho.deletedPage('Leads', since, 1)).toMatchObject({ records: [], more: false });
    expect(await zoho.changedPage('Leads', { since, until })).toEqual({ records: [], more: false });
    expect(await zoho.hasMoreChanged('Leads', since, 10)).toBe(false);
    expect(await zoho.readChannel('Leads', '1')).toBeUndefined();
    expect(await zoho.fields('Leads')).toEqual([]);
    expect(await zoho.modules()).toEqual([]);
  });
});

test('304 is nothing deleted', async () => {
  await withScript(always({ status: 304 }), async ({ zoho }) => {
    expect((await zoho.deletedPage('Leads', since, 1)).records).toEqual([]);
  });
});

test('204 for a job is an answer that does not fit, not a finished job', async () => {
  await withScript(always({ status: 204 }), async ({ zoho }) => {
    expect(await failureOf(zoho.bulkJob('900'))).toMatchObject({ verdict: 'bug', code: 'BAD_ANSWER' });
  });
});

test('a 2xx that does not fit names the path and never the value', async () => {
  const body = { data: [{ id: '1', Modified_Time: 'Smith' }] };
  await withScript(always(json(200, body)), async ({ zoho }) => {
    const error = await failureOf(zoho.changedPage('Leads', { since, until }));
    expect(error).toMatchObject({
      verdict: 'bug',
      code: 'BAD_ANSWER',
      details: { path: 'data.0.Modified_Time' },
    });
    const single = await failureOf(zoho.recordById('Leads', id, []));
    expect(single.details).toEqual({ path: 'data.0.Modified_Time' });
    expect(inspect([error, single], { depth: 9 })).not.toContain('Smith');
  });
});

test('a 2xx that is no JSON is transient: cut off, or a page of something in between', async () => {
  await withScript(always(json(200, '{"data":[{"Last_Name":"Smi')), async ({ zoho }) => {
    const error = await failureOf(zoho.recordById('Leads', id, []));
    expect(error).toMatchObject({ verdict: 'transient', code: 'NOT_JSON', status: 200 });
    expect(inspect(error, { depth: 9 })).not.toContain('Smi');
  });
});

test('trap 20: numbers and ids keep every digit', async () => {
  const body = `{"data":[{"id":"5725767000000000101","Big":1234567890123456789,"Budget":0.10,"Deep":{"n":[1e3]}}]}`;
  await withScript(always(json(200, body)), async ({ zoho }) => {
    const { record } = await zoho.recordById('Leads', id, []);
    expect(record?.fields).toEqual({ id, Big: '1234567890123456789', Budget: '0.10', Deep: { n: ['1e3'] } });
  });
});

test('a single record that is not there is absent after 404 RESOURCE_NOT_FOUND, at the time of asking', async () => {
  const gone = json(
    404,
    { code: 'RESOURCE_NOT_FOUND', status: 'error', message: '', details: {} },
    {
      date: 'Sat, 01 Aug 2026 10:00:00 GMT',
    },
  );
  await withScript(always(gone), async ({ zoho }) => {
    const { askedAt, record } = await zoho.recordById('Leads', id, []);
    expect(record).toBeUndefined();
    expect(Math.abs(askedAt - parseInstant('2026-08-01T10:00:00Z'))).toBeLessThanOrEqual(1_000);
  });
});

test.each([{ resource_path_index: 1 }, { param_name: 'id' }, { api_name: 'id' }])(
  'a single record that is refused for its id (%j) is absent',
  async (details) => {
    await withScript(
      always(json(400, { code: 'INVALID_DATA', status: 'error', details })),
      async ({ zoho }) => {
        expect((await zoho.recordById('Leads', id, [])).record).toBeUndefined();
      },
    );
  },
);

test.each([{}, { resource_path_index: 0 }, { param_name: 'fields' }, { api_name: 'type' }])(
  'a 400 for something else (%j) never says that a record is gone',
  async (details) => {
    await withScript(
      always(json(400, { code: 'INVALID_DATA', status: 'error', details })),
      async ({ zoho }) => {
        const error = await failureOf(zoho.recordById('Leads', id, []));
        expect(error).toMatchObject({ verdict: 'refused', code: 'INVALID_DATA' });
      },
    );
  },
);

test.each([
  ['a gateway', json(404, '<html>not found</html>'), 'transient', 'HTTP_404'],
  ['a wrong URL', json(404, { code: 'INVALID_URL_PATTERN', status: 'error' }), 'bug', 'INVALID_URL_PATTERN'],
  ['an unknown module', json(404, { code: 'INVALID_MODULE', status: 'error' }), 'refused', 'INVALID_MODULE'],
])('a 404 of %s never says that a record is gone', async (_, reply, verdict, code) => {
  await withScript(always(reply), async ({ zoho }) => {
    expect(await failureOf(zoho.recordById('Leads', id, []))).toMatchObject({ verdict, code });
  });
});

test.each([202, 207, 200])('a failed channel item inside HTTP %s is a failure', async (status) => {
  const item = { code: 'INVALID_DATA', status: 'error', message: '', details: { api_name: 'notify_url' } };
  await withScript(always(json(status, { watch: [item] })), async ({ zoho }) => {
    expect(await failureOf(zoho.subscribe(channel))).toMatchObject({
      code: 'INVALID_DATA',
      verdict: 'refused',
    });
  });
});

test('renewing a channel that Zoho dropped is refused as NOT_SUBSCRIBED; stopping it is not an error', async () => {
  const reply = json(400, { watch: [{ code: 'NOT_SUBSCRIBED', status: 'error', message: '', details: {} }] });
  await withScript(always(reply), async ({ zoho }) => {
    expect(await failureOf(zoho.updateChannel(channel))).toMatchObject({
      code: 'NOT_SUBSCRIBED',
      verdict: 'refused',
    });
    await zoho.unsubscribe(channel.channelId);
  });
});

test('a subscription asks without milliseconds, without related records, and believes the expiry that came back', async () => {
  const events = [
    { channel_id: 1000000068001, channel_expiry: '2026-08-01T04:00:00-07:00', resource_name: 'Leads' },
  ];
  const reply = json(201, { watch: [{ code: 'SUCCESS', status: 'success', details: { events } }] });
  await withScript(always(reply), async ({ zoho, seen }) => {
    const { expiresAt } = await zoho.subscribe(channel);
    expect(expiresAt).toBe(parseInstant('2026-08-01T11:00:00Z'));
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      watch: [
        {
          channel_id: '1000000068001',
          events: ['Leads.all'],
          channel_expiry: '2026-08-07T10:00:00+00:00',
          token: 'channel-token',
          notify_url: 'https://mirror.example/zoho',
          return_affected_field_values: false,
          notify_on_related_action: false,
        },
      ],
    });
  });
});

test('a job is created with JSON, whole seconds and `bulk` before the version', async () => {
  const details = { id: '900', operation: 'read', state: 'ADDED', created_time: '2026-08-01T15:30:00+05:30' };
  const reply = json(201, {
    data: [{ status: 'success', code: 'ADDED_SUCCESSFULLY', message: '', details }],
    info: {},
  });
  await withScript(always(reply), async ({ zoho, seen }) => {
    const made = await zoho.createBulkJob({
      module: 'Leads',
      fields: ['Email'],
      modifiedSince: since,
      callbackUrl: 'https://m.example/x',
    });
    expect(made).toMatchObject({
      id: '900',
      state: 'running',
      stateText: 'ADDED',
      createdAt: parseInstant('2026-08-01T10:00:00Z'),
    });
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/crm/bulk/v8/read' });
    expect(seen[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      callback: { url: 'https://m.example/x', method: 'post' },
      query: {
        module: { api_name: 'Leads' },
        fields: ['Email'],
        criteria: {
          field: { api_name: 'Modified_Time' },
          comparator: 'greater_equal',
          value: '2026-08-01T10:00:00+00:00',
        },
        page: 1,
      },
      file_type: 'csv',
    });
    await zoho.continueBulkJob('page-token', undefined);
    expect(JSON.parse(seen[1]?.body ?? '')).toEqual({ query: { page_token: 'page-token' } });
    expect(zoho.credits()).toEqual({ spent: 100, spentToday: 100 });
  });
});

test.each([
  ['ADDED', 'running'],
  ['QUEUED', 'running'],
  ['IN PROGRESS', 'running'],
  ['IN_PROGRESS', 'running'],
  ['SOMETHING NEW', 'running'],
  ['COMPLETED', 'completed'],
  ['FAILURE', 'failed'],
  ['FAILED', 'failed'],
])('trap 13: the job state %s means %s, whatever `result` shows', async (word, state) => {
  const result = { page: 1, per_page: 200000, count: 0, download_url: '/x', more_records: false };
  await withScript(always(json(200, { data: [{ ...job, state: word, result }] })), async ({ zoho }) => {
    const read = await zoho.bulkJob('900');
    expect(read).toMatchObject({ state, stateText: word });
    expect('result' in read).toBe(state === 'completed');
    expect(read.failure).toBe(state === 'failed' ? 'UNKNOWN' : undefined);
  });
});

test("a failed job tells Zoho's code", async () => {
  const result = {
    error_message: { status: 'error', code: 'INTERNAL_SERVER_ERROR', message: 'x', details: {} },
  };
  await withScript(always(json(200, { data: [{ ...job, state: 'FAILURE', result }] })), async ({ zoho }) => {
    expect((await zoho.bulkJob('900')).failure).toBe('INTERNAL_SERVER_ERROR');
  });
});

test('a refused field is named', async () => {
  const body = {
    data: [
      {
        code: 'FIELD_NOT_SUPPORTED',
        status: 'error',
        message: '',
        details: { api_name: 'Address', module: 'Leads' },
      },
    ],
  };
  await withScript(always(json(400, body)), async ({ zoho }) => {
    expect(await failureOf(zoho.createBulkJob({ module: 'Leads', fields: ['Address'] }))).toMatchObject({
      verdict: 'refused',
      code: 'FIELD_NOT_SUPPORTED',
      details: { api_name: 'Address', module: 'Leads' },
    });
  });
});

const busy = { code: 'TOO_MANY_REQUESTS', status: 'error', message: '', details: {} };

test('trap 20: after a 429 nothing is sent until the time that Retry-After names has passed, else for five seconds', async () => {
  const clock = { ms: Date.now() };
  const api = (_: unknown, count: number) => json(429, busy, count === 0 ? { 'retry-after': '17' } : {});
  await withScript({ api, options: { clock: () => clock.ms } }, async ({ zoho, calls }) => {
    expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'throttled', waitMs: 17_000 });
    clock.ms += 10_000;
    expect(await failureOf(zoho.fields('Leads'))).toMatchObject({ verdict: 'throttled', waitMs: 7_000 });
    clock.ms += 7_000;
    expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'throttled', waitMs: 5_000 });
    expect(calls.map(({ route, status, credits }) => [route, status, credits])).toEqual([
      ['oauth token', 200, 0],
      ['modules', 429, 0],
      ['modules', 429, 0],
    ]);
  });
});

test('while Zoho goes on answering 429 the waits grow to five minutes; an answer ends that', async () => {
  const clock = { ms: Date.now() };
  let calm = false;
  const api = () => (calm ? json(200, { modules: [] }) : json(429, busy));
  await withScript({ api, options: { clock: () => clock.ms } }, async ({ zoho, seen }) => {
    const waits: unknown[] = [];
    const refused = async (): Promise<void> => {
      const failure = await failureOf(zoho.modules());
      waits.push(failure.waitMs);
      clock.ms += failure.waitMs ?? 0;
    };
    for (let tries = 0; tries < 8; tries += 1) await refused();
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(seen).toHaveLength(8);
    calm = true;
    await zoho.modules();
    calm = false;
    await refused();
    expect(waits.at(-1)).toBe(5_000);
  });
});

test('calls that are refused together count as one refusal', async () => {
  const clock = { ms: Date.now() };
  await withScript({ api: () => json(429, busy), options: { clock: () => clock.ms } }, async ({ zoho }) => {
    const both = await Promise.all([failureOf(zoho.modules()), failureOf(zoho.fields('Leads'))]);
    expect(both.map(({ waitMs }) => waitMs)).toEqual([5_000, 5_000]);
  });
});

test('a redirect is not followed', async () => {
  await withScript(
    always({ status: 302, headers: { location: 'https://evil.example/' } }),
    async ({ zoho, seen }) => {
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'HTTP_302' });
      expect(seen).toHaveLength(1);
    },
  );
});

test('an answer that does not come in time is a transient TIMEOUT', async () => {
  await withScript(
    { api: () => ({ raw: () => undefined }), options: { timeoutMs: 60 } },
    async ({ zoho }) => {
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'TIMEOUT' });
    },
  );
});

test('a body that does not end in time is a transient TIMEOUT', async () => {
  const raw: NonNullable<Reply['raw']> = (response) => void response.writeHead(200).write('{"modules":');
  await withScript({ api: () => ({ raw }), options: { timeoutMs: 60 } }, async ({ zoho }) => {
    expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'TIMEOUT' });
  });
});

test('a dropped connection is a transient NETWORK', async () => {
  const raw: NonNullable<Reply['raw']> = (response) => void response.socket?.destroy();
  await withScript({ api: () => ({ raw }) }, async ({ zoho, calls }) => {
    expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'NETWORK' });
    expect(calls.at(-1)).toMatchObject({ route: 'modules', status: 0 });
  });
});

test("the caller's abort reaches the socket", async () => {
  const given = new AbortController();
  let closed: Promise<unknown> = Promise.reject(new Error('no request came'));
  closed.catch(() => undefined);
  const raw: NonNullable<Reply['raw']> = (response) => {
    closed = new Promise((resolve) => response.once('close', resolve));
    given.abort(new Error('cancelled'));
  };
  await withScript({ api: () => ({ raw }) }, async ({ zoho }) => {
    const error = await failureOf(zoho.modules(given.signal));
    expect(error).toMatchObject({ code: 'ABORTED', cause: new Error('cancelled') });
    await closed;
  });
});

test.each(['../settings', 'Leads/deleted', 'Leads where', ''])(
  '%p is no module, and nothing is sent',
  async (module) => {
    await withScript(always({ status: 204 }), async ({ zoho, seen }) => {
      expect(await failureOf(zoho.fields(module))).toMatchObject({
        verdict: 'refused',
        code: 'INVALID_MODULE',
      });
      expect(await failureOf(zoho.changedPage(module, { since, until }))).toMatchObject({
        code: 'INVALID_MODULE',
      });
      expect(await failureOf(zoho.createBulkJob({ module, fields: [] }))).toMatchObject({
        code: 'INVALID_MODULE',
      });
      expect(seen).toEqual([]);
    });
  },
);

test('a change page is a keyset over whole seconds with a fixed upper bound', async () => {
  const rows = [{ id, Modified_Time: '2026-08-01T12:00:00+02:00' }];
  await withScript(
    always(json(200, { data: rows, info: { count: 1, more_records: true } })),
    async ({ zoho, seen }) => {
      const after = { modifiedAt: parseInstant('2026-08-01T11:00:00Z'), id };
      expect(await zoho.changedPage('Leads', { since, until, after })).toEqual({
        records: [{ id, modifiedAt: parseInstant('2026-08-01T10:00:00Z') }],
        more: true,
      });
      expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
        select_query:
          `select id, Modified_Time from Leads where ((Modified_Time >= '2026-08-01T10:00:00+00:00' and ` +
          `Modified_Time < '2026-08-02T10:00:01+00:00') and (Modified_Time > '2026-08-01T11:00:00+00:00' or ` +
          `(Modified_Time = '2026-08-01T11:00:00+00:00' and id > '${id}'))) order by Modified_Time asc, id asc limit 2000`,
      });
      expect(zoho.credits().spent).toBe(3);
    },
  );
});

test('a deleted page asks by header and costs two credits', async () => {
  const rows = [
    {
      id,
      deleted_time: '2026-08-01T12:00:00+02:00',
      type: 'permanent',
      deleted_by: null,
      display_name: null,
    },
  ];
  await withScript(
    always(json(200, { data: rows, info: { more_records: true } })),
    async ({ zoho, seen }) => {
      const page = await zoho.deletedPage('Leads', since, 3);
      expect(page).toMatchObject({
        records: [{ id, deletedAt: parseInstant('2026-08-01T10:00:00Z') }],
        more: true,
      });
      expect(seen[0]?.headers['if-modified-since']).toBe('2026-08-01T10:00:00+00:00');
      expect(seen[0]?.query.toString()).toBe('type=all&page=3&per_page=200');
      expect(zoho.credits().spent).toBe(2);
    },
  );
});

test('what Zoho says remains of the credits is remembered', async () => {
  await withScript(
    always(json(200, { modules: [] }, { 'x-api-credits-remaining': '4711' })),
    async ({ zoho }) => {
      await zoho.modules();
      expect(zoho.credits()).toEqual({ spent: 1, spentToday: 1, remaining: 4711 });
    },
  );
});

test("a received date is the answer's own Date, and now() follows it", async () => {
  const options = { clock: () => 1_000 };
  await withScript({ api: () => json(200, { modules: [] }), options }, async ({ zoho }) => {
    expect(await zoho.receivedDate()).toBe(instant(1_000));
    expect(zoho.now()).toBe(instant(1_000));
  });
});

test('an answer without an end is given up at 64 MB', async () => {
  const chunk = Buffer.alloc(1_000_000, ' ');
  const endless = (response: ServerResponse): void => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  };
  await withScript(always({ raw: endless }), async ({ zoho }) => {
    expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'TOO_LARGE' });
  });
});
