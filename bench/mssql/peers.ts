// What a user would pick instead: the loaders of `bench/peers`, in a Python environment of their own outside the repository.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mssqlSettings, spell } from './product';
import type { Cell } from './rows';

const run = promisify(execFile);
const scripts = join(__dirname, '..', '..', '..', 'bench', 'peers');
const environment = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'zoho-mirror',
  'bench-peers',
);
const python = join(environment, 'bin', 'python');

export const peerNames = ['pyodbc', 'mssql-python'] as const;

export interface PeerResult {
  rowsPerSecond?: number;
  /** Why it did not run. */
  failed?: string;
}

export interface PeerWork {
  url: string;
  csvPath: string;
  rows: number;
  /** With the CSV's header of each. */
  cells: readonly (Cell & { header: string })[];
}

export async function preparePeers(say: (line: string) => void): Promise<void> {
  if (existsSync(join(environment, 'ready'))) return;
  say('making a Python environment for the peers (once)');
  await run('python3', ['-m', 'venv', environment]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', join(scripts, 'requirements.txt')]);
  await run(python, ['-c', `open(${JSON.stringify(join(environment, 'ready'))}, 'w')`]);
}

/** A peer that crashes takes only its own process with it. */
export function runPeer(name: (typeof peerNames)[number], work: PeerWork): Promise<PeerResult> {
  const settings = mssqlSettings(work.url);
  const task = {
    ...settings,
    csv: work.csvPath,
    columns: work.cells.map(({ name: column, header, type }) => ({
      column,
      header,
      kind: type.kind,
      declared: spell(type),
    })),
  };
  return new Promise((resolve) => {
    const child = spawn(python, [join(scripts, 'load.py'), name], { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    child.on('error', (error) => resolve({ failed: error.message }));
    child.on('close', (code, signal) => resolve(resultOf({ out, err, code, signal }, work.rows)));
    // Not as an argument, which everybody on the machine could read.
    child.stdin.end(JSON.stringify(task));
  });
}

interface Ended {
  out: string;
  err: string;
  code: number | null;
  signal: string | null;
}

function resultOf({ out, err, code, signal }: Ended, rows: number): PeerResult {
  if (code !== 0) {
    const last = err.trim().split('\n').at(-1) ?? '';
    return { failed: `${signal ?? `exit ${code}`}: ${last.slice(0, 200)}` };
  }
  const { rows: loaded, seconds } = JSON.parse(out) as { rows: number; seconds: number };
  return loaded === rows
    ? { rowsPerSecond: Math.round(loaded / seconds) }
    : { failed: `${loaded} rows instead of ${rows}` };
}
