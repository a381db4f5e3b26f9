// Starting before Temporal or the database is up is normal: wait, say so, get louder only as it lasts.
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './log';

const firstDelayMs = 250;
const maxDelayMs = 5_000;
/** Once a minute. */
const triesTold = 12;

export interface WaitOptions {
  what: string;
  log: Log;
  stopping: AbortSignal;
  /** False: waiting cannot help. */
  worthWaiting?: (error: unknown) => boolean;
}

const stopped = (signal: AbortSignal, until: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: until }),
  );

/** Tries until it works. Throws what cannot be waited out, and the stop's reason when the process is asked to stop. */
export async function waitFor<T>(attempt: () => Promise<T>, options: WaitOptions): Promise<T> {
  const over = new AbortController();
  // One listener, however long it takes, and none afterwards: the signal lives as long as the process.
  const stop = stopped(options.stopping, over.signal);
  stop.catch(() => undefined);
  try {
    return await untilItWorks(attempt, stop, options);
  } finally {
    over.abort();
  }
}

async function untilItWorks<T>(
  attempt: () => Promise<T>,
  stop: Promise<never>,
  { what, log, stopping, worthWaiting = () => true }: WaitOptions,
): Promise<T> {
  let delayMs = firstDelayMs;
  for (let tries = 0; ; tries += 1, delayMs = Math.min(delayMs * 2, maxDelayMs)) {
    stopping.throwIfAborted();
    try {
      return await Promise.race([attempt(), stop]);
    } catch (error) {
      if (stopping.aborted || !worthWaiting(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const level = delayMs < maxDelayMs ? 'info' : tries % triesTold === 0 ? 'warn' : 'debug';
      log[level]({ reason }, `waiting for ${what}`);
    }
    await delay(delayMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}
