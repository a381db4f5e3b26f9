// A child process that is started, waited for, and never left behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { dirname } from 'node:path';

export interface ChildOptions {
  /** For messages. */
  name: string;
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string | undefined>>;
  /** Its output goes here. */
  logFile: string;
  /** Ready when a line of its output matches. */
  ready?: RegExp;
  readyTimeoutMs?: number;
}

export interface Child {
  name: string;
  pid: number;
  /** The line that matched `ready`. */
  readyLine: string;
  exited: Promise<number | null>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const alive = new Set<ChildProcess>();
// The last resort, when this process ends without having stopped them.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const defaultReadyMs = 60_000;
const patienceMs = 15_000;

/** Resolves when the child is ready. Throws with the end of its output when it is not. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, logFile, ready, readyTimeoutMs = defaultReadyMs } = options;
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    // A developer's own .env and zoho-mirror.yaml are none of its business.
    cwd: dirname(logFile),
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C goes to the whole group: a child of its own group is stopped by us, in order.
    detached: true,
  });
  alive.add(child);
  const exited = once(child, 'exit').then(([code]) => (alive.delete(child), code as number | null));
  const readyLine = await becomesReady();
  return { name, pid: child.pid!, readyLine, exited, kill };

  async function becomesReady(): Promise<string> {
    const log = createWriteStream(logFile, { flags: 'a' });
    let tail = '';
    return new Promise<string>((resolve, reject) => {
      const give = (problem: string): void =>
        reject(new Error(`${name} ${problem}. Its last words:\n${tail.slice(-2_000)}`));
      const timer = setTimeout(() => give(`was not ready after ${readyTimeoutMs} ms`), readyTimeoutMs);
      const settle = (line: string): void => (clearTimeout(timer), resolve(line));
      const hear = (chunk: Buffer): void => {
        log.write(chunk);
        tail = (tail + chunk.toString()).slice(-8_000);
        const line = ready && tail.split('\n').find((text) => ready.test(text));
        if (line) settle(line);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('error', (error) => (clearTimeout(timer), give(`cannot be started (${error.message})`)));
      child.once('exit', (code) => (clearTimeout(timer), give(`ended with exit code ${code}`)));
      if (!ready) settle('');
    });
  }

  async function kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const hard = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await exited;
    clearTimeout(hard);
  }
}
