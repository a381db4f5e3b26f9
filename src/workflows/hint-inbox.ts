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

export interface CarriedInbox {
  pending: readonly PendingId[];
  hints: number;
  lastHintAt?: string;
  floodedSince?: string;
}

export class HintInbox {
  /** Over all runs. */
  hints: number;
  /** ISO arrival of the newest hint. */
  lastHintAt: string | undefined;
  /** ISO arrival of the oldest hint whose ids were dropped, and of those for which a catch-up is being asked now. */
  private floodedSince: string | undefined;
  private floodInHand: string | undefined;
  /** ISO arrival of the oldest hint since this was last taken. */
  private oldest: string | undefined;
  private readonly waiting = new Map<string, Waiting>();
  /** Taken out and not settled yet: a run that ends meanwhile hands them to the next. */
  private inHand: PendingId[] = [];

  constructor(carried: CarriedInbox | undefined, nowMs: number) {
    this.hints = carried?.hints ?? 0;
    this.lastHintAt = carried?.lastHintAt;
    this.floodedSince = carried?.floodedSince;
    for (const { id, expected, tries, dueMs } of carried?.pending ?? [])
      this.waiting.set(id, { expected, tries, dueMs: dueMs ?? nowMs });
  }

  get flooded(): boolean {
    return this.floodedSince !== undefined;
  }

  /** Of all ids that are still to be read. */
  get size(): number {
    return this.waiting.size + this.inHand.length;
  }

  /** A new hint for a waiting id makes it due at once: the record has changed again. */
  take(hint: Hint, nowMs: number): void {
    this.hints += hint.notifications ?? 1;
    this.oldest ??= hint.receivedAt;
    if (this.lastHintAt === undefined || Date.parse(hint.receivedAt) > Date.parse(this.lastHintAt))
      this.lastHintAt = hint.receivedAt;
    const fresh = hint.ids.filter((id) => !this.waiting.has(id)).length;
    if (this.size + fresh > maxPending) {
      this.floodedSince = earlier(this.floodedSince, hint.receivedAt);
      return;
    }
    const expected = hint.operation === 'insert' || hint.operation === 'update';
    for (const id of hint.ids) {
      // The window counts from its first hint, or a record that never rests would never be read.
      const dueMs = Math.min(this.waiting.get(id)?.dueMs ?? nowMs, nowMs);
      this.waiting.set(id, { expected, tries: 0, dueMs });
    }
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

  /** For how long the oldest due id has waited; 0 when none is due. */
  waitedMs(nowMs: number): number {
    let oldest = nowMs;
    for (const { dueMs } of this.waiting.values()) oldest = Math.min(oldest, dueMs);
    return nowMs - oldest;
  }

  /** Takes up to `limit` due ids into the hand, in order of arrival. */
  withdraw(limit: number, nowMs: number): readonly PendingId[] {
    for (const [id, { expected, tries, dueMs }] of this.waiting) {
      if (this.inHand.length === limit) break;
      if (dueMs > nowMs) continue;
      this.inHand.push({ id, expected, tries });
      this.waiting.delete(id);
    }
    return this.inHand;
  }

  /**
   * What was in hand has been read. Ids that were not readable yet wait again, unless a newer hint has come or they were asked for
   * often enough.
   */
  settle(again: readonly string[], nowMs: number): void {
    const wanted = new Set(again);
    for (const { id, expected, tries } of this.inHand) {
      const delayMs = againAfterMs[tries];
      if (!wanted.has(id) || delayMs === undefined || this.waiting.has(id)) continue;
      this.waiting.set(id, { expected, tries: tries + 1, dueMs: nowMs + delayMs });
    }
    this.inHand = [];
  }

  /**
   * The oldest dropped hint, to catch up from. A hint that is dropped from here on is the next catch-up's: this one may have begun
   * before it came.
   */
  withdrawFlood(): string | undefined {
    this.floodInHand = earlier(this.floodInHand, this.floodedSince);
    this.floodedSince = undefined;
    return this.floodInHand;
  }

  settleFlood(): void {
    this.floodInHand = undefined;
  }

  /** Everything that the next run must know, also what is in hand. */
  carry(): { pending: PendingId[]; hints: number; lastHintAt?: string; floodedSince?: string } {
    const waiting = [...this.waiting].map(([id, { expected, tries, dueMs }]) => ({
      id,
      expected,
      tries,
      dueMs,
    }));
    const floodedSince = earlier(this.floodInHand, this.floodedSince);
    return {
      pending: [...this.inHand.filter(({ id }) => !this.waiting.has(id)), ...waiting],
      hints: this.hints,
      ...(this.lastHintAt === undefined ? {} : { lastHintAt: this.lastHintAt }),
      ...(floodedSince === undefined ? {} : { floodedSince }),
    };
  }
}

const earlier = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && Date.parse(b) < Date.parse(a)) ? b : a;
