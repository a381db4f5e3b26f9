// A bare HTTP client for the simulator's tests; it shares nothing with the product's own client.
import { createServer, type Server } from 'node:http';
import { crc32, inflateRawSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export interface World {
  readonly sim: Simulator;
  readonly authorization: string;
  call(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
  bulk(query: unknown, more?: Record<string, unknown>): Promise<string>;
  job(id: string): Promise<unknown>;
  finished(id: string): Promise<unknown>;
  control(method: string, path: string, body?: unknown): Promise<unknown>;
}

export async function withSimulator(
  options: Partial<SimulatorOptions>,
  test: (world: World) => Promise<void>,
): Promise<void> {
  const sim = await startSimulator(options);
  try {
    await test(await worldOf(sim, options.refreshToken ?? 'sim-refresh'));
  } finally {
    await sim.close();
  }
}

export async function download(world: World, id: string): Promise<Buffer> {
  const response = await fetch(`${world.sim.url}/crm/bulk/v8/read/${id}/result`, {
    headers: { authorization: world.authorization },
  });
  return Buffer.from(await response.arrayBuffer());
}

export function rowsOf(csv: string): Record<string, string>[] {
  return parse(csv, { columns: true });
}

export async function worldOf(sim: Simulator, refreshToken: string): Promise<World> {
  const granted = await refresh(sim.url, { refresh_token: refreshToken });
  const authorization = `Zoho-oauthtoken ${textAt(granted.json, 'access_token')}`;
  const call: World['call'] = async (method, path, { body, headers = {} } = {}) =>
    answerOf(
      await fetch(sim.url + path, {
        method,
        headers: {
          authorization,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
  const job: World['job'] = async (id) => at((await call('GET', `/crm/bulk/v8/read/${id}`)).json, 'data.0');
  return {
    sim,
    authorization,
    call,
    job,
    bulk: async (query, more = {}) =>
      textAt(
        (await call('POST', '/crm/bulk/v8/read', { body: { query, ...more } })).json,
        'data.0.details.id',
      ),
    finished: (id) =>
      until(
        async () => job(id),
        (seen) => ['COMPLETED', 'FAILURE'].includes(textAt(seen, 'state')),
      ),
    control: async (method, path, body) =>
      (await call(method, `/__sim/${path}`, { body: body ?? (method === 'GET' ? undefined : {}) })).json,
  };
}

export async function refresh(url: string, form: Record<string, string>): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'sim-client',
    client_secret: 'sim-secret',
    refresh_token: 'sim-refresh',
    ...form,
  });
  return answerOf(await fetch(`${url}/oauth/v2/token`, { method: 'POST', body }));
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Asks again until the answer fits; a deadline turns endless waiting into a failure. */
export async function until<T>(
  ask: () => T | Promise<T>,
  fits: (seen: T) => boolean,
  limitMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const seen = await ask();
    if (fits(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still not so: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Receiver {
  readonly url: string;
  readonly bodies: unknown[];
  status: number;
  close(): Promise<void>;
}

/** Takes posts, as the product's webhook would. */
export async function startReceiver(): Promise<Receiver> {
  const bodies: unknown[] = [];
  const receiver = { status: 200 };
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      response.writeHead(receiver.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/hook`,
    bodies,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

/** What lies at a dotted path of parsed JSON, or undefined. */
export function at(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((here, key) => {
    if (typeof here !== 'object' || here === null) return undefined;
    return Object.getOwnPropertyDescriptor(here, key)?.value;
  }, json);
}

export function textAt(json: unknown, path: string): string {
  return String(at(json, path));
}

export function listAt(json: unknown, path: string): unknown[] {
  const found = at(json, path);
  return Array.isArray(found) ? found : [];
}

const CENTRAL_ENTRY = Buffer.from('PK\x01\x02', 'latin1');

/** The only file of a zip, its CRC checked; read from the central directory, as the sizes stand only there. */
export function unzip(zip: Buffer): { name: string; text: string } {
  const entry = zip.lastIndexOf(CENTRAL_ENTRY);
  if (entry < 0 || zip.indexOf(CENTRAL_ENTRY) !== entry) throw new Error('not one file in a whole zip');
  const name = zip.subarray(entry + 46, entry + 46 + zip.readUInt16LE(entry + 28)).toString();
  const start = zip.readUInt32LE(entry + 42);
  const from = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
  const content = inflateRawSync(zip.subarray(from, from + zip.readUInt32LE(entry + 20)));
  if (crc32(content) !== zip.readUInt32LE(entry + 16)) throw new Error('the CRC does not fit');
  return { name, text: content.toString() };
}
