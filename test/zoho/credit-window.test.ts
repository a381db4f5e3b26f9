import { instant, parseInstant, type Instant } from '../../src/mirror/instant';
import {
  leftIn,
  minuteOf,
  moreAt,
  spentIn,
  type CreditMinute,
  type Told,
} from '../../src/zoho/credits/credit-window';

const now = parseInstant('2026-08-02T10:00:30Z');
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const ago = (ms: number): Instant => instant(now - ms);
const spent = (msAgo: number, credits: number, told?: Told): CreditMinute => ({
  process: 'p',
  minute: minuteOf(ago(msAgo)),
  credits,
  ...(told ? { told } : {}),
});

test('what was spent counts for 24 hours from the end of its minute', () => {
  const minutes = [spent(24 * hourMs, 5), spent(24 * hourMs + minuteMs, 7), spent(0, 11)];
  expect(spentIn(minutes, now)).toBe(5 + 11);
  expect(spentIn(minutes, instant(now + 30_000))).toBe(11);
  expect(leftIn(minutes, 100, now)).toBe(84);
});

test("Zoho's word counts when it is less than the own count, minus what came after it", () => {
  const told: Told = { at: ago(5 * minuteMs), remaining: 60 };
  const minutes = [spent(5 * minuteMs, 10, told), spent(0, 3)];
  expect(leftIn(minutes, 1_000, now)).toBe(57);
  expect(leftIn(minutes, 20, now)).toBe(7);
});

test("what has come back since Zoho's word is added to it", () => {
  const told: Told = { at: ago(10 * minuteMs), remaining: 60 };
  const minutes = [spent(24 * hourMs + 5 * minuteMs, 40), spent(10 * minuteMs, 1, told)];
  expect(leftIn(minutes, 1_000, now)).toBe(100);
});

test('an answer without the header ends what an earlier one said; so does a day', () => {
  const word = spent(5 * minuteMs, 0, { at: ago(5 * minuteMs), remaining: 60 });
  const silence = spent(minuteMs, 0, { at: ago(minuteMs) });
  expect(leftIn([word], 1_000, now)).toBe(60);
  expect(leftIn([word, silence], 1_000, now)).toBe(1_000);
  expect(leftIn([spent(25 * hourMs, 0, { at: ago(25 * hourMs), remaining: 60 })], 1_000, now)).toBe(1_000);
});

test('more comes when the oldest minutes leave the window', () => {
  const minutes = [spent(hourMs, 30), spent(23 * hourMs, 10)];
  const leaves = (msAgo: number): number => minuteOf(ago(msAgo)) + minuteMs + 24 * hourMs;
  expect(moreAt(minutes, 10, now)).toBe(leaves(23 * hourMs));
  expect(moreAt(minutes, 11, now)).toBe(leaves(hourMs));
  expect(moreAt(minutes, 41, now)).toBeUndefined();
});
