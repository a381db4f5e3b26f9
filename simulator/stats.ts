// Counts calls by route and status; it never resets by itself.

export class Stats {
  readonly #calls = new Map<string, { count: number; statuses: Map<number, number> }>();
  callbacks = { delivered: 0, failed: 0, dropped: 0 };
  downloads = 0;

  call(route: string): void {
    this.#entry(route).count += 1;
  }

  answered(route: string, status: number): void {
    const { statuses } = this.#entry(route);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  /** Calls of one route so far. */
  count(route: string): number {
    return this.#calls.get(route)?.count ?? 0;
  }

  calls(): Record<string, { count: number; statuses: Record<string, number> }> {
    const shown: Record<string, { count: number; statuses: Record<string, number> }> = {};
    for (const [route, { count, statuses }] of this.#calls)
      shown[route] = { count, statuses: Object.fromEntries(statuses) };
    return shown;
  }

  reset(): void {
    this.#calls.clear();
    this.callbacks = { delivered: 0, failed: 0, dropped: 0 };
    this.downloads = 0;
  }

  #entry(route: string): { count: number; statuses: Map<number, number> } {
    const known = this.#calls.get(route);
    if (known) return known;
    const fresh = { count: 0, statuses: new Map<number, number>() };
    this.#calls.set(route, fresh);
    return fresh;
  }
}
