// What all processes have spent in Zoho's rolling day, minute by minute, and what Zoho itself said remains. Pure: reads no clock.
import { instant, type Instant } from '../../mirror/instant';

/** What one process spent in one minute of Zoho's clock. */
export interface CreditMinute {
  /** Any name that no other process has. */
  process: string;
  /** Start of the minute. */
  minute: Instant;
  credits: number;
  /** The last answer of that minute: when, and what Zoho said remains, if it said anything. */
  told?: Told;
}

export interface Told {
  at: Instant;
  remaining?: number;
}

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

export const minuteOf = (at: Instant): Instant => instant(Math.floor(at / minuteMs) * minuteMs);

/** When the last credit of a minute is given back. */
const returnsAt = ({ minute }: CreditMinute): number => minute + minuteMs + dayMs;

/** Credits of the last 24 hours, rounded up to whole minutes. */
export const spentIn = (minutes: readonly CreditMinute[], now: Instant): number =>
  sum(minutes.filter((one) => returnsAt(one) > now));

/**
 * What is left of `daily`: by our own count, or by Zoho's last word if that is less. Zoho speaks only once half of the day's credits are
 * used, and counts every application of the org; an answer without a word ends what an earlier one said.
 */
export function leftIn(minutes: readonly CreditMinute[], daily: number, now: Instant): number {
  const counted = daily - spentIn(minutes, now);
  const told = lastTold(minutes);
  if (told?.remaining === undefined || now - told.at > dayMs) return counted;
  const since = sum(minutes.filter(({ minute }) => minute > told.at));
  const returned = sum(minutes.filter((one) => returnsAt(one) > told.at && returnsAt(one) <= now));
  return Math.min(counted, told.remaining - since + returned);
}

/** When so many more will be left, by what is known; undefined when others than the mirror have spent them. */
export function moreAt(minutes: readonly CreditMinute[], wanted: number, now: Instant): Instant | undefined {
  let returned = 0;
  const open = minutes.filter((one) => returnsAt(one) > now).sort((a, b) => a.minute - b.minute);
  for (const one of open) {
    returned += one.credits;
    if (returned >= wanted) return instant(returnsAt(one));
  }
  return undefined;
}

export const lastTold = (minutes: readonly CreditMinute[]): Told | undefined =>
  minutes.reduce<Told | undefined>(
    (last, { told }) => (told && (last === undefined || told.at >= last.at) ? told : last),
    undefined,
  );

const sum = (minutes: readonly CreditMinute[]): number =>
  minutes.reduce((total, { credits }) => total + credits, 0);
