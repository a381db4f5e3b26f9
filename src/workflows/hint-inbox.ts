// The ids that wait to be re-read. A plain state machine without a clock or an SDK call of its own.
import type { Hint, PendingId } from '../contracts';

/** How long to wait before a record that was not readable yet is asked for again. */
const againAfterMs = [2_000, 5_000, 15_000, 30_000];
/** Above this the ids are dropped and one catch-up reads everything since the oldest of them. */
export const maxPending = 5_000;

interface Waiting {
  expected: boolean;
  tries: number;
  dueMs: number;
}

export class HintInbox {
  /** Over all runs, and in this one. */
  hints: number;
  hintsThisRun = 0;
  /** ISO arrival of the oldest hint whose ids were dropped. */
  floodedSince: string | undefined;
  /** ISO arrival of the oldest hint since this was last taken. */
  private oldest: string | undefined;
  private readonly waiting = new Map<string, Waiting>();

  constructor(
    carried: { pending: readonly PendingId[]; hints: number; floodedSince?: string } | undefined,
    nowMs: number,
  ) {
    this.hints = carried?.hints ?? 0;
    this.floodedSince = carried?.floodedSince;
    for (const { id, expected, tries } of carried?.pending ?? [])
      this.waiting.set(id, { expected, tries, dueMs: nowMs });
  }

  get size(): number {
    return this.waiting.size;
  }

  /** A new hint for a waiting id makes it due at once: the record has changed again. */
  take(hint: Hint, nowMs: number): void {
    this.hints += 1;
    this.hintsThisRun += 1;
    this.oldest ??= hint.receivedAt;
    if (this.waiting.size + hint.ids.length > maxPending) {
      this.flood(hint.receivedAt);
      return;
    }
    const expected = hint.operation === 'insert' || hint.operation === 'update';
    for (const id of hint.ids) this.waiting.set(id, { expected, tries: 0, dueMs: nowMs });
  }

  /** For measuring how long notifications take: hints come in the order of their arrival. */
  takeOldest(): string | undefined {
    const { oldest } = this;
    this.oldest = undefined;
    return oldest;
  }

  due(nowMs: number): number {
    let count = 0;
    for (const { dueMs } of this.waiting.values()) if (dueMs <= nowMs) count += 1;
    return count;
  }

  /** Milliseconds until the next id is due, or undefined when none waits. */
  nextDueMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.waiting.values()) next = Math.min(next ?? Infinity, dueMs);
    return next === undefined ? undefined : Math.max(0, next - nowMs);
  }

  /** Takes up to `limit` due ids out, in order of arrival. */
  withdraw(limit: number, nowMs: number): PendingId[] {
    const batch: PendingId[] = [];
    for (const [id, { expected, tries, dueMs }] of this.waiting) {
      if (batch.length === limit) break;
      if (dueMs > nowMs) continue;
      batch.push({ id, expected, tries });
      this.waiting.delete(id);
    }
    return batch;
  }

  /** Puts ids back that were not readable yet, unless a newer hint has come or they were asked for often enough. */
  askAgain(batch: readonly PendingId[], again: readonly string[], nowMs: number): void {
    const wanted = new Set(again);
    for (const { id, expected, tries } of batch) {
      const delayMs = againAfterMs[tries];
      if (!wanted.has(id) || delayMs === undefined || this.waiting.has(id)) continue;
      this.waiting.set(id, { expected, tries: tries + 1, dueMs: nowMs + delayMs });
    }
  }

  carry(): PendingId[] {
    return [...this.waiting].map(([id, { expected, tries }]) => ({ id, expected, tries }));
  }

  private flood(receivedAt: string): void {
    if (this.floodedSince === undefined || receivedAt < this.floodedSince) this.floodedSince = receivedAt;
  }
}
