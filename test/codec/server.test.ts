// The codec server, as the Temporal Web UI and CLI ask it.
import { randomBytes } from 'node:crypto';
import { createCodecServer } from '../../src/codec';

const ui = 'http://localhost:8233';
const keys = [{ id: '2026', key: randomBytes(32) }];
const plain = {
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from('{"module":"Leads"}').toString('base64'),
};
type Answer = { payloads: (typeof plain)[] };

async function listening<T>(known: typeof keys, act: (url: string) => Promise<T>): Promise<T> {
  const app = createCodecServer({ keys: known, ui });
  try {
    return await act(await app.listen({ host: '127.0.0.1', port: 0 }));
  } finally {
    await app.close();
  }
}

const ask = (way: string, body: object, origin?: string, known = keys) =>
  listening(known, async (url) => {
    const headers = { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) };
    const answer = await fetch(`${url}${way}`, { method: 'POST', body: JSON.stringify(body), headers });
    return { status: answer.status, json: (await answer.json()) as Answer, headers: answer.headers };
  });

test('what is encoded is encrypted, and decoded again for the page of the UI', async () => {
  const closed = await ask('/encode', { payloads: [plain] });
  expect(closed.json.payloads[0]!.metadata.encoding).toBe(Buffer.from('binary/encrypted').toString('base64'));
  const open = await ask('/decode', closed.json, ui);
  expect(open).toMatchObject({ status: 200, json: { payloads: [plain] } });
  expect(open.headers.get('access-control-allow-origin')).toBe(ui);
});

test('no other page may ask', async () => {
  expect(await ask('/decode', { payloads: [plain] }, 'https://evil.example')).toMatchObject({ status: 403 });
});

test('a browser is told beforehand what it may send', async () => {
  const answer = await listening(keys, (url) =>
    fetch(`${url}/decode`, { method: 'OPTIONS', headers: { origin: ui } }),
  );
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-headers')).toContain('content-type');
});

test('a key that it does not have is named', async () => {
  const closed = await ask('/encode', { payloads: [plain] });
  const answer = await ask('/decode', closed.json, ui, [{ id: 'other', key: randomBytes(32) }]);
  expect(answer).toMatchObject({ status: 400, json: { error: expect.stringContaining('the key "2026"') } });
});

test('a body that is no list of payloads is refused', async () => {
  expect(await ask('/decode', { payloads: 7 })).toMatchObject({ status: 400 });
});
