// The frame of every process: configuration first, one line when ready, exit 0 on SIGTERM. One that cannot begin ends with 2, one that fails later
// with 1, and both say why in one clear line.
import { ConfigError, loadConfig, loadEnvFile, type Config } from '../config';
import { createLog, type Log } from './log';

export interface Process {
  config: Config;
  log: Log;
  /** Aborted on SIGTERM and SIGINT. */
  stopping: AbortSignal;
  /** Prints the one line on standard output. */
  ready: (line: string) => void;
}

const lingerMs = 1_000;

/** Runs a process to its end and sets the exit code. `work` returns when the process has been asked to stop and has stopped. */
export async function runProcess(name: string, work: (process: Process) => Promise<void>): Promise<void> {
  const config = configured();
  if (!config) return;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => stop.abort(new Error(signal)));
  let began = false;
  try {
    await work({
      config,
      log: createLog(name, config.logLevel),
      stopping: stop.signal,
      ready(line) {
        began = true;
        process.stdout.write(`${line}\n`);
      },
    });
    process.exitCode = 0;
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return;
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = began ? 1 : 2;
  } finally {
    // Whatever still hangs (a socket that is connecting) must not keep a process alive that has nothing more to do.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}

function configured(): Config | undefined {
  try {
    loadEnvFile();
    return loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.lines) process.stderr.write(`${line}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

export const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
