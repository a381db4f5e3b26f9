// A bare HTTP client for the simulator's tests; it shares nothing with the product's own client.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator';

/* eslint-disable @typescript-eslint/no-explicit-any -- answers are looked at as a stranger would */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: any;
}

export interface World {
  readonly sim: Simulator;
  call(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
  bulk(query: unknown, more?: Record<string, unknown>): Promise<string>;
  job(id: string): Promise<any>;
  finished(id: string): Promise<any>;
  control(method: string, path: string, body?: unknown): Promise<any>;
}

export async function withSimulator(options: Partial<SimulatorOptions>, test: (world: World) => Promise<void>): Promise<void> {
  const sim = await startSimulator(options);
  try {
    await test(await worldOf(sim, options.refreshToken ?? 'sim-refresh'));
  } finally {
    await sim.close();
  }
}

export async function worldOf(sim: Simulator, refreshToken: string): Promise<World> {
  const granted = await refresh(sim.url, { refresh_token: refreshToken });
  const authorization = `Zoho-oauthtoken ${granted.json.access_token}`;
  const call: World['call'] = async (method, path, { body, headers = {} } = {}) =>
    answerOf(
      await fetch(sim.url + path, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
  const job: World['job'] = async (id) => (await call('GET', `/crm/bulk/v8/read/${id}`)).json.data[0];
  return {
    sim,
    call,
    job,
    bulk: async (query, more = {}) => (await call('POST', '/crm/bulk/v8/read', { body: { query, ...more } })).json.data[0].details.id,
    finished: (id) => until(async () => job(id), (seen) => ['COMPLETED', 'FAILURE'].includes(seen.state)),
    control: async (method, path, body) => (await call(method, `/__sim/${path}`, { body: body ?? (method === 'GET' ? undefined : {}) })).json,
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
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Asks again until the answer fits; a deadline turns endless waiting into a failure. */
export async function until<T>(ask: () => T | Promise<T>, fits: (seen: T) => boolean, limitMs = 20_000): Promise<T> {
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
  readonly bodies: any[];
  status: number;
  close(): Promise<void>;
}

/** Takes posts, as the product's webhook would. */
export async function startReceiver(): Promise<Receiver> {
  const bodies: any[] = [];
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
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/hook`,
    bodies,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

/** The only file of a zip, through the reader of another program. */
export function unzip(zip: Buffer): { name: string; text: string } {
  const directory = mkdtempSync(join(tmpdir(), 'simulator-test-'));
  try {
    writeFileSync(join(directory, 'a.zip'), zip);
    const script = 'import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1])\nn=z.namelist()\nassert len(n)==1\nopen(sys.argv[2],"wb").write(z.read(n[0]))\nprint(n[0])';
    const name = execFileSync('python3', ['-c', script, join(directory, 'a.zip'), join(directory, 'out')], { stdio: ['ignore', 'pipe', 'ignore'] });
    return { name: name.toString().trim(), text: readFileSync(join(directory, 'out')).toString() };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
