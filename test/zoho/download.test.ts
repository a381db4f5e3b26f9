import type { ServerResponse } from 'node:http';
import { failureOf } from './support/failure';
import { json, withScript, type Script } from './support/server';

const path = '/crm/bulk/v8/read/900/result';

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

const serving =
  (raw: (response: ServerResponse) => void): Script =>
  () => ({ raw });

test('the file comes as it is, whatever its content type', async () => {
  await withScript(
    { api: () => ({ body: 'zip bytes', headers: { 'content-type': 'x/y' } }) },
    async ({ zoho, seen }) => {
      expect(await readAll(await zoho.download(path))).toBe('zip bytes');
      expect(seen[0]?.path).toBe(path);
    },
  );
});

test('a download that stands still fails as STALLED', async () => {
  const api = serving((response) => void response.writeHead(200, { 'content-length': '10' }).write('half'));
  await withScript({ api, options: { stallMs: 50 } }, async ({ zoho }) => {
    const stream = await zoho.download(path);
    expect(await failureOf(readAll(stream))).toMatchObject({ verdict: 'transient', code: 'STALLED' });
  });
});

test('a slow reader is no stall', async () => {
  const big = 'x'.repeat(3_000_000);
  await withScript({ api: () => ({ body: big }), options: { stallMs: 30 } }, async ({ zoho }) => {
    const stream = await zoho.download(path);
    let bytes = 0;
    for await (const chunk of stream) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 60)); // the reader's own pause, twice the limit
      bytes += chunk.length;
    }
    expect(bytes).toBe(3_000_000);
  });
});

test('a download that ends short of its Content-Length fails as TRUNCATED', async () => {
  const api = serving((response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => response.socket?.end());
  });
  await withScript({ api }, async ({ zoho }) => {
    const stream = await zoho.download(path);
    expect(await failureOf(readAll(stream))).toMatchObject({ verdict: 'transient', code: 'TRUNCATED' });
  });
});

test('an abort ends the stream and the connection', async () => {
  const given = new AbortController();
  let closed: Promise<void> = Promise.resolve();
  const api = serving((response) => {
    closed = new Promise((resolve) => response.once('close', resolve));
    response.writeHead(200, { 'content-length': '10' }).write('half');
  });
  await withScript({ api }, async ({ zoho }) => {
    const stream = await zoho.download(path, given.signal);
    const reading = failureOf(readAll(stream));
    given.abort(new Error('cancelled'));
    expect(await reading).toMatchObject({
      verdict: 'transient',
      code: 'ABORTED',
      cause: new Error('cancelled'),
    });
    await closed;
  });
});

test('a reader that gives up closes the connection', async () => {
  let closed: Promise<void> = Promise.resolve();
  const api = serving((response) => {
    closed = new Promise((resolve) => response.once('close', resolve));
    response.writeHead(200).write('some');
  });
  await withScript({ api }, async ({ zoho }) => {
    for await (const _ of await zoho.download(path)) break;
    await closed;
  });
});

test('the head of a download has a time limit', async () => {
  await withScript({ api: serving(() => undefined), options: { timeoutMs: 50 } }, async ({ zoho }) => {
    expect(await failureOf(zoho.download(path))).toMatchObject({ code: 'TIMEOUT' });
  });
});

test.each(['https://evil.example/file', '//evil.example/file', '/\\evil.example/file', 'http://'])(
  'the token is not carried to %s',
  async (elsewhere) => {
    await withScript({ api: () => ({ body: 'x' }) }, async ({ zoho, seen }) => {
      expect(await failureOf(zoho.download(elsewhere))).toMatchObject({
        verdict: 'bug',
        code: 'FOREIGN_HOST',
      });
      expect(seen).toEqual([]);
    });
  },
);

test("an absolute URL on the API's own host is fine", async () => {
  await withScript({ api: () => ({ body: 'zip' }) }, async ({ zoho, url }) => {
    expect(await readAll(await zoho.download(`${url}${path}`))).toBe('zip');
  });
});

test('a redirect is not followed', async () => {
  const api: Script = () => ({ status: 302, headers: { location: 'https://evil.example/' } });
  await withScript({ api }, async ({ zoho, seen }) => {
    expect(await failureOf(zoho.download(path))).toMatchObject({ verdict: 'transient', code: 'HTTP_302' });
    expect(seen).toHaveLength(1);
  });
});

test.each([
  [429, 'TOO_MANY_REQUESTS', { verdict: 'throttled', waitMs: 60_000 }],
  [404, 'RESOURCE_NOT_FOUND', { verdict: 'refused' }],
  [400, 'RESOURCE_NOT_FOUND', { verdict: 'refused' }],
])('HTTP %s %s of a download is classified', async (status, code, expected) => {
  const api: Script = () => json(status, { code, status: 'error', message: '', details: {} });
  await withScript({ api }, async ({ zoho }) => {
    expect(await failureOf(zoho.download(path))).toMatchObject({ code, ...expected });
  });
});

test('a dead token is replaced for a download too', async () => {
  const api: Script = ({ token }) =>
    token === 'token-1' ? json(401, { code: 'INVALID_TOKEN', status: 'error' }) : { body: 'zip' };
  await withScript({ api }, async ({ zoho }) => {
    expect(await readAll(await zoho.download(path))).toBe('zip');
  });
});

test('204 instead of a file is transient', async () => {
  await withScript({ api: () => ({ status: 204 }) }, async ({ zoho }) => {
    expect(await failureOf(zoho.download(path))).toMatchObject({ verdict: 'transient', code: 'NO_FILE' });
  });
});
