// Runs the built command line as a process of its own, as people and scripts do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../support/built';

export interface Ran {
  code: number | null;
  out: string;
  err: string;
  /** The last line of standard output. */
  json: () => unknown;
}

export interface RunOptions {
  env: Readonly<Record<string, string>>;
  cwd?: string;
  /** For standard input. */
  input?: string;
}

async function start(args: readonly string[], { env, cwd }: RunOptions) {
  const main = join(await built(), 'cli', 'main.js');
  return spawn(process.execPath, [main, ...args], {
    // Nothing of the shell that runs the tests gets in.
    env: { PATH: process.env.PATH, ...env },
    // Nor its .env.
    cwd: cwd ?? tmpdir(),
  });
}

/** What it prints, until Ctrl-C; and its exit code. */
export async function endlessly(args: readonly string[], options: RunOptions) {
  const child = await start(args, options);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close');
  return {
    said: () => said,
    async end(): Promise<number> {
      child.kill('SIGINT');
      const [code] = (await ended) as [number];
      return code;
    },
  };
}

export async function zohoMirror(args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = await start(args, options);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err, json: () => JSON.parse(out.trim().split('\n').at(-1)!) as unknown };
}
