// Zoho's clock, estimated from the `Date` of its answers. Never trusts that the local clock is right, and never reads it by itself.
import { instant, type Instant } from '../mirror/instant';

/** How long a (response `Date` − local arrival) difference counts, milliseconds. */
const rememberedMs = 10 * 60_000;
/** A `Date` is cut to whole seconds, so the answer may be up to this much younger than it says. */
const dateGrainMs = 1_000;

export interface ZohoClock {
  /** The local clock, milliseconds since the epoch. */
  local(): number;
  /** Zoho's clock now. Until a first answer arrived: the local clock. */
  now(): Instant;
  /** Learns from the `Date` of an answer that arrived at this moment. */
  learn(date: Instant | undefined): void;
  /** Zoho's clock at the local time `sentAt`: never more than the answer's own `Date` + 1 s. */
  at(sentAt: number, date: Instant | undefined): Instant;
}

/**
 * The largest difference of the last ten minutes wins: a `Date` is cut to seconds and an answer travels for a while, so every
 * difference is at or below the true one. A local clock that jumps either way drops what was learned before the jump.
 */
export function createClock(local: () => number): ZohoClock {
  // Strictly falling differences, oldest first: the head is the largest that still counts.
  let seen: { arrivedAt: number; differenceMs: number }[] = [];

  const differenceMs = (): number => {
    const now = local();
    seen = seen.filter((one) => one.arrivedAt <= now && one.arrivedAt >= now - rememberedMs);
    return seen[0]?.differenceMs ?? 0;
  };
  const estimate = (localMs: number): number => Math.floor(localMs + differenceMs());

  return {
    local,
    now: () => instant(estimate(local())),
    learn(date) {
      if (date === undefined) return;
      const arrivedAt = local();
      const one = { arrivedAt, differenceMs: date - arrivedAt };
      seen = [...seen.filter((older) => older.differenceMs > one.differenceMs), one];
    },
    at: (sentAt, date) =>
      instant(date === undefined ? estimate(sentAt) : Math.min(estimate(sentAt), date + dateGrainMs)),
  };
}
