// The budget of API credits that all processes share: counts every call, and holds background work back before the reserve is touched.
// Each process keeps its own minutes and reads those of the others every few seconds; never one write a call.
import { randomUUID } from 'node:crypto';
import { instant, toIsoSeconds, type Instant } from '../../mirror/instant';
import type { ZohoClock } from '../clock';
import {
  dayMs,
  lastTold,
  leftIn,
  minuteMs,
  minuteOf,
  moreAt,
  spentIn,
  type CreditMinute,
} from './credit-window';
import { paid, remainingIn } from './prices';
import { ZohoError } from '../errors';
import { isBackground } from './priority';

export interface CreditLimits {
  /** What the org may spend in 24 hours. */
  dailyCredits: number;
  /** Background work leaves so many untouched. */
  reserve: number;
}

/** Where processes tell each other what they have spent. */
export interface CreditStore {
  /** Whole figures of a process's minutes: writing them twice changes nothing. */
  write(minutes: readonly CreditMinute[]): Promise<void>;
  /** Those of all processes, from that minute on. */
  read(since: Instant): Promise<CreditMinute[]>;
}

export interface CreditState {
  /** By this process, since it started. */
  spent: number;
  /** By all processes in the last 24 hours, as far as this one knows. */
  spentToday: number;
  /** What Zoho last said remains; absent while it says nothing. */
  remaining?: number;
}

export interface Budget {
  /**
   * Before a call: holds its price until `release`. Background work is refused with CREDITS_RESERVED (throttled, `waitMs`) when it
   * would touch the reserve.
   */
  admit(price: number): Promise<{ release: () => void }>;
  /** After an answer, or with status 0 after none. Answers what was paid. */
  spend(price: number, status: number, header: string | undefined): number;
  state(): CreditState;
  /** Tells the other processes. */
  save(): Promise<void>;
}

const shareEveryMs = 5_000;
/** Others hear of so many at once: the price of an export. */
const worthTelling = 50;
/** Refused on knowledge older than this, one credit is spent to ask Zoho: others may spend too, and clocks may be wrong. */
const askAgainAfterMs = 2_000;
const shortestWaitMs = minuteMs;
const longestWaitMs = 30 * minuteMs;
/** Once held back, background work goes on when it can do a useful piece of work, not one call. */
const mostHeadroom = 200;

export function createBudget(options: {
  clock: ZohoClock;
  limits?: CreditLimits | undefined;
  store?: CreditStore | undefined;
  /** A call that costs one credit and is never held back. */
  ask: () => Promise<void>;
}): Budget {
  const { clock, limits, store, ask } = options;
  const self = randomUUID();
  const own = new Map<Instant, CreditMinute>();
  const unsaved = new Set<Instant>();
  let others: CreditMinute[] = [];
  let spent = 0;
  let held = 0;
  let untold = 0;
  let closed = false;
  let sharedAt = -Infinity; // local clock
  let heardAt = -Infinity; // local clock
  let saving = Promise.resolve();
  let sharing: Promise<void> | undefined;
  let asking: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const minutes = (): CreditMinute[] => [...own.values(), ...others];

  /** One after the other, or an older figure could overwrite a newer one. */
  const save = (): Promise<void> => (saving = saving.then(write));

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const waiting = [...unsaved];
    if (store === undefined || waiting.length === 0) return;
    unsaved.clear();
    untold = 0;
    try {
      await store.write(waiting.flatMap((minute) => own.get(minute) ?? []));
    } catch {
      // A store that is down costs sharing, not the call; they are written with the next ones.
      for (const minute of waiting) unsaved.add(minute);
    }
  }

  /** Reads before the first decision, and then every few seconds. */
  async function share(): Promise<void> {
    if (store === undefined || clock.local() - sharedAt < shareEveryMs) return;
    sharing ??= (async () => {
      await save();
      const read = await store.read(minuteOf(instant(clock.now() - dayMs))).catch(() => undefined);
      if (read) others = read.filter((one) => one.process !== self);
      sharedAt = clock.local();
    })().finally(() => (sharing = undefined));
    await sharing;
  }

  /** Undefined: go on. */
  function refusal({ dailyCredits, reserve }: CreditLimits, price: number): ZohoError | undefined {
    const now = clock.now();
    const left = leftIn(minutes(), dailyCredits, now) - held;
    const headroom = Math.min(mostHeadroom, Math.floor((dailyCredits - reserve) / 10));
    const wanted = reserve + Math.max(price, closed ? headroom : 0);
    if (left >= wanted) return undefined;
    const at = moreAt(minutes(), reserve + Math.max(price, headroom) - left, now);
    return reserved({ left, reserve, now, at });
  }

  async function admit(price: number): Promise<{ release: () => void }> {
    if (limits && isBackground()) {
      await share();
      let error = refusal(limits, price);
      if (error && clock.local() - heardAt > askAgainAfterMs) {
        asking ??= ask()
          .catch(() => undefined)
          .finally(() => (asking = undefined));
        await asking;
        error = refusal(limits, price);
      }
      closed = error !== undefined;
      if (error) throw error;
    }
    held += price;
    return { release: () => void (held -= price) };
  }

  function spend(price: number, status: number, header: string | undefined): number {
    const cost = paid(price, status);
    spent += cost;
    const now = clock.now();
    const minute = minuteOf(now);
    const before = own.get(minute) ?? { process: self, minute, credits: 0 };
    const remaining = remainingIn(header);
    if (status > 0) heardAt = clock.local();
    // A success without the header says that Zoho tells nothing; a refusal without it says nothing at all.
    const speaks = remaining !== undefined || (status >= 200 && status < 400);
    const told = speaks ? { at: now, ...(remaining === undefined ? {} : { remaining }) } : undefined;
    own.set(minute, { ...before, credits: before.credits + cost, ...(told ? { told } : {}) });
    unsaved.add(minute);
    for (const old of own.keys()) if (old < now - dayMs - minuteMs) own.delete(old);
    untold += cost;
    if (untold >= worthTelling) void save();
    else if (store) timer ??= setTimeout(() => void save(), shareEveryMs).unref();
    return cost;
  }

  return {
    admit,
    spend,
    save,
    state() {
      const remaining = lastTold(minutes())?.remaining;
      return {
        spent,
        spentToday: spentIn(minutes(), clock.now()),
        ...(remaining === undefined ? {} : { remaining }),
      };
    },
  };
}

function reserved(facts: {
  left: number;
  reserve: number;
  now: Instant;
  at: Instant | undefined;
}): ZohoError {
  const { left, reserve, now, at } = facts;
  const waitMs = Math.min(Math.max((at ?? Infinity) - now, shortestWaitMs), longestWaitMs);
  const number = new Intl.NumberFormat('en-US');
  const next =
    at === undefined
      ? `looks again at about ${toIsoSeconds(instant(now + waitMs))}`
      : `goes on at about ${toIsoSeconds(at)}`;
  return new ZohoError(
    `Waiting for API credits: ${number.format(left)} left, reserve ${number.format(reserve)}; ${next}`,
    { verdict: 'throttled', code: 'CREDITS_RESERVED', waitMs },
  );
}
