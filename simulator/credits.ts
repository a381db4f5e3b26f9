// Budgets of the API: credits of the rolling day, calls at a time and downloads a minute; it never says which one was hit.
import type { Clock } from './clock';
import { ZohoError } from './errors';
import type { SimulatorOptions } from './options';
import { SlidingWindow } from './sliding-window';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export type Limits = Pick<
  SimulatorOptions,
  'creditsPerDay' | 'concurrency' | 'subConcurrency' | 'downloadsPerMinute'
>;

export class Credits {
  readonly #day: SlidingWindow;
  readonly #downloads: SlidingWindow;
  limits: Limits;
  #running = 0;
  #heavyRunning = 0;
  refused = 0;
  mostAtOnce = 0;

  constructor(limits: Limits, clock: Clock) {
    this.limits = limits;
    this.#day = new SlidingWindow(clock, DAY_MS);
    this.#downloads = new SlidingWindow(clock, MINUTE_MS);
  }

  used(): number {
    return this.#day.total();
  }

  spend(cost: number): void {
    if (this.#day.total() + cost > this.limits.creditsPerDay) throw this.#tooMany();
    this.#day.add(cost);
  }

  /** Zoho shows what is left only once half of the day's credits are gone. */
  remainingHeader(): string | null {
    const used = this.#day.total();
    return used * 2 >= this.limits.creditsPerDay ? String(this.limits.creditsPerDay - used) : null;
  }

  enter(heavy: boolean): () => void {
    const full =
      this.#running >= this.limits.concurrency || (heavy && this.#heavyRunning >= this.limits.subConcurrency);
    if (full) throw this.#tooMany();
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    if (heavy) this.#heavyRunning += 1;
    return () => {
      this.#running -= 1;
      if (heavy) this.#heavyRunning -= 1;
    };
  }

  download(): void {
    if (this.#downloads.total() >= this.limits.downloadsPerMinute) throw this.#tooMany();
    this.#downloads.add(1);
  }

  reset(): void {
    this.#day.clear();
    this.#downloads.clear();
    this.refused = 0;
    this.mostAtOnce = 0;
  }

  #tooMany(): ZohoError {
    this.refused += 1;
    return new ZohoError({
      status: 429,
      code: 'TOO_MANY_REQUESTS',
      message: 'You have exceeded the maximum number of requests allowed.',
    });
  }
}
