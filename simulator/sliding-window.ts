// Counts what happened in the last stretch of the simulator's time; it never forgets by timer, only when asked.
import type { Clock } from './clock';

export class SlidingWindow {
  #events: { atMs: number; weight: number }[] = [];
  #total = 0;

  constructor(
    readonly clock: Clock,
    readonly lengthMs: number,
  ) {}

  total(): number {
    const from = this.clock.now() - this.lengthMs;
    let gone = 0;
    for (const event of this.#events) {
      if (event.atMs > from) break;
      this.#total -= event.weight;
      gone += 1;
    }
    if (gone > 0) this.#events = this.#events.slice(gone);
    return this.#total;
  }

  /** Events of one second are one entry, so that a day of calls stays small. */
  add(weight: number): void {
    const atMs = this.clock.second();
    const last = this.#events.at(-1);
    if (last?.atMs === atMs) last.weight += weight;
    else this.#events.push({ atMs, weight });
    this.#total += weight;
  }

  clear(): void {
    this.#events = [];
    this.#total = 0;
  }
}
