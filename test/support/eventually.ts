// Waits for a condition that another process or thread brings about; never for time alone.
import { setTimeout as delay } from 'node:timers/promises';

const everyMs = 25;

/** Answers the first value that is neither undefined nor false. A check that throws counts as "not yet". */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`Waited in vain for: ${what}`, { cause: last });
    await delay(everyMs);
  }
}
