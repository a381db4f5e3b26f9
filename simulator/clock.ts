// The simulator's clock: real time plus what tests add; it never drives timers, which stay in real time.

export class Clock {
  #offsetMs = 0;
  #skewMs = 0;
  #frozenAt: number | null = null;

  now(): number {
    return (this.#frozenAt ?? Date.now()) + this.#offsetMs + this.#skewMs;
  }

  /** Records carry whole seconds. */
  second(): number {
    return Math.floor(this.now() / 1000) * 1000;
  }

  httpDate(): string {
    return new Date(this.now()).toUTCString();
  }

  advance(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Replaces the present skew. */
  skew(ms: number): void {
    this.#skewMs = ms;
  }

  set(ms: number): void {
    this.#offsetMs += ms - this.now();
  }

  freeze(): void {
    this.#frozenAt ??= Date.now();
  }

  /** Goes on from the frozen moment, without a jump. */
  thaw(): void {
    if (this.#frozenAt === null) return;
    this.#offsetMs -= Date.now() - this.#frozenAt;
    this.#frozenAt = null;
  }

  reset(): void {
    this.#offsetMs = 0;
    this.#skewMs = 0;
    this.#frozenAt = null;
  }
}
