// The processes while what they need is not there: they wait, say so, and stop when asked.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../dev/ports';
import { built } from '../support/built';

const running: ChildProcess[] = [];
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')));

/** A process with a valid configuration, whose Temporal is a port that nobody listens on. */
async function start(entry: string, change: Record<string, string> = {}): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-process-'));
  const child = spawn(process.execPath, [join(await built(), entry)], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      ZOHO_CLIENT_ID: 'client',
      ZOHO_CLIENT_SECRET: 'secret',
      ZOHO_REFRESH_TOKEN: 'refresh',
      WEBHOOK_SECRET: 'a-secret-of-sixteen',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      LEGACY_DB: `sqlite:${join(folder, 'legacy.db')}`,
      PORT: `${await freePort()}`,
      METRICS_PORT: `${await freePort()}`,
      ...change,
    },
  });
  running.push(child);
  return child;
}

const says = (child: ChildProcess, what: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const hear = (chunk: Buffer): void => {
      heard += chunk.toString();
      if (what.test(heard)) resolve(heard);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`ended with ${code} after: ${heard.slice(-500)}`)));
  });

const stopped = async (child: ChildProcess): Promise<number | null> => {
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill('SIGTERM');
  return (await ended)[0];
};

test('worker, API and both in one read .env of the working folder, and the environment wins', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-process-'));
  const lines = [
    'ZOHO_CLIENT_ID=client',
    'ZOHO_CLIENT_SECRET=secret',
    'ZOHO_REFRESH_TOKEN=refresh',
    'PORT=eighty',
  ];
  writeFileSync(join(folder, '.env'), [...lines, 'ZOHO_DC=moon', ''].join('\n'));
  for (const entry of ['worker.js', 'api/main.js', 'start.js']) {
    const child = spawn(process.execPath, [join(await built(), entry)], {
      cwd: folder,
      env: { PATH: process.env.PATH, WEBHOOK_SECRET: 'a-secret-of-sixteen', ZOHO_DC: 'eu' },
    });
    const ended = once(child, 'exit');
    expect(await says(child, /PORT.*\n/)).toBe('PORT=eighty is not valid. Allowed: 0 to 65535\n');
    expect(await ended).toEqual([2, null]);
  }
});

test('a worker waits for Temporal, says so, and stops with exit code 0', async () => {
  const worker = await start('worker.js');
  await says(worker, /waiting for Temporal at 127\.0\.0\.1:1/);
  expect(await stopped(worker)).toBe(0);
});

test('a worker waits for the database, says so without its password, and stops with exit code 0', async () => {
  const worker = await start('worker.js', { LEGACY_DB: 'mssql://user:hunter2secret@127.0.0.1:9/legacy' });
  expect(await says(worker, /waiting for the database/)).not.toContain('hunter2secret');
  expect(await stopped(worker)).toBe(0);
});

test('the API answers while Temporal is away, is not ready, and stops with exit code 0', async () => {
  const port = `${await freePort()}`;
  const api = await start('api/main.js', { PORT: port });
  await says(api, /waiting for Temporal at 127\.0\.0\.1:1/);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect(await stopped(api)).toBe(0);
});
