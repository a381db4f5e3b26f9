// The ids that wait to be re-read, without a server: a clock is a number here.
import type { Hint } from '../../src/contracts';
import { HintInbox, maxPending } from '../../src/workflows/hint-inbox';

const hint = (ids: string[], change: Partial<Hint> = {}): Hint => ({
  ids,
  operation: 'update',
  receivedAt: '2026-03-01T10:00:00.000Z',
  ...change,
});

const many = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_unused, index) => `${from + index}`);

const inboxAt = (nowMs: number): HintInbox => new HintInbox(undefined, nowMs);

test('an id that is hinted twice waits once', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1', '2']), 0);
  inbox.take(hint(['2', '3']), 5);
  expect(inbox.withdraw(10, 5).map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(inbox.hints).toBe(2);
  inbox.settle([], 5);
  expect(inbox.size).toBe(0);
});

test.each([
  ['insert', true],
  ['update', true],
  ['delete', false],
  ['unknown', false],
] as const)('after %s a record is expected to be there: %s', (operation, expected) => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1'], { operation }), 0);
  expect(inbox.withdraw(1, 0)).toEqual([{ id: '1', expected, tries: 0 }]);
});

test('the last word about an id decides whether it is expected', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1'], { operation: 'insert' }), 0);
  inbox.take(hint(['1'], { operation: 'delete' }), 0);
  expect(inbox.withdraw(1, 0)).toEqual([{ id: '1', expected: false, tries: 0 }]);
});

test('a batch takes no more than its limit, in order of arrival', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['3', '1', '2']), 0);
  expect(inbox.withdraw(2, 0).map(({ id }) => id)).toEqual(['3', '1']);
  inbox.settle([], 0);
  expect(inbox.size).toBe(1);
});

test('an id that is not readable yet is asked for again after 2, 5, 15 and 30 seconds, then no more', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1'], { operation: 'insert' }), 0);
  const waits: (number | undefined)[] = [];
  let now = 0;
  for (let round = 0; round < 5; round += 1) {
    inbox.withdraw(1, now);
    inbox.settle(['1'], now);
    const wait = inbox.nextDueMs(now);
    waits.push(wait);
    now += wait ?? 0;
  }
  expect(waits).toEqual([2_000, 5_000, 15_000, 30_000, undefined]);
});

test('an id that waits is not taken before it is due', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1']), 0);
  inbox.withdraw(1, 0);
  inbox.settle(['1'], 0);
  expect(inbox.due(1_999)).toBe(0);
  expect(inbox.withdraw(1, 1_999)).toEqual([]);
  expect(inbox.due(2_000)).toBe(1);
});

test('a new hint makes an id that waits due at once, with all its tries before it', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1']), 0);
  inbox.withdraw(1, 0);
  inbox.settle(['1'], 0);
  inbox.take(hint(['1']), 100);
  expect(inbox.withdraw(1, 100)).toEqual([{ id: '1', expected: true, tries: 0 }]);
});

test('a hint that came while its id was being read is not overwritten by the answer', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1']), 0);
  inbox.withdraw(1, 0);
  inbox.take(hint(['1'], { operation: 'delete' }), 50);
  inbox.settle(['1'], 100);
  expect(inbox.withdraw(1, 100)).toEqual([{ id: '1', expected: false, tries: 0 }]);
});

test('above 5,000 ids hints are dropped, and the oldest of them is where a catch-up begins', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(many(maxPending)), 0);
  expect(inbox.flooded).toBe(false);
  inbox.take(hint(['9001'], { receivedAt: '2026-03-01T10:00:02.000Z' }), 0);
  inbox.take(hint(['9002'], { receivedAt: '2026-03-01T11:00:01.000+01:00' }), 0);
  inbox.take(hint(['9003'], { receivedAt: '2026-03-01T10:00:03.000Z' }), 0);
  expect(inbox.size).toBe(5_000);
  expect(inbox.hints).toBe(4);
  expect(inbox.withdrawFlood()).toBe('2026-03-01T11:00:01.000+01:00');
  expect(inbox.flooded).toBe(false);
});

test('ids that wait already are no flood, however often they are hinted', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(many(maxPending)), 0);
  inbox.take(hint(many(500, 100)), 0);
  expect(inbox.flooded).toBe(false);
  expect(inbox.size).toBe(5_000);
});

test('a hint that is dropped while a catch-up is being asked for is for the next one', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(many(maxPending)), 0);
  inbox.take(hint(['9001'], { receivedAt: '2026-03-01T10:00:01.000Z' }), 0);
  inbox.withdrawFlood();
  inbox.take(hint(['9002'], { receivedAt: '2026-03-01T10:00:02.000Z' }), 0);
  expect(inbox.carry().floodedSince).toBe('2026-03-01T10:00:01.000Z');
  inbox.settleFlood();
  expect(inbox.withdrawFlood()).toBe('2026-03-01T10:00:02.000Z');
});

test('what waits survives into the next run, and so does a flood that nobody has caught up with', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(many(maxPending - 1)), 0);
  inbox.take(hint(['8001', '8002']), 0);
  const next = new HintInbox(inbox.carry(), 1_000);
  expect(next.size).toBe(4_999);
  expect(next.hints).toBe(2);
  expect(next.lastHintAt).toBe('2026-03-01T10:00:00.000Z');
  expect(next.withdrawFlood()).toBe('2026-03-01T10:00:00.000Z');
});

test('what is in hand when a run ends is read by the next, once, and with the newest word about it', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1', '2']), 0);
  inbox.withdraw(10, 0);
  inbox.take(hint(['2'], { operation: 'delete' }), 5);
  expect(inbox.size).toBe(3);
  const next = new HintInbox(inbox.carry(), 10);
  expect(next.withdraw(10, 10)).toEqual([
    { id: '1', expected: true, tries: 0 },
    { id: '2', expected: false, tries: 0 },
  ]);
});

test('an id that waits for its next try waits as long in the next run', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1'], { operation: 'insert' }), 0);
  inbox.withdraw(1, 0);
  inbox.settle(['1'], 0);
  const next = new HintInbox(inbox.carry(), 500);
  expect(next.nextDueMs(500)).toBe(1_500);
});

test('the window counts from the first hint that waits, however often its record changes again', () => {
  const inbox = inboxAt(0);
  expect(inbox.waitedMs(7)).toBe(0);
  inbox.take(hint(['1']), 100);
  inbox.take(hint(['1', '2']), 600);
  expect(inbox.waitedMs(900)).toBe(800);
  inbox.withdraw(10, 900);
  expect(inbox.waitedMs(900)).toBe(0);
});

test('an id that waits for its next try has not waited yet', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1']), 0);
  inbox.withdraw(1, 0);
  inbox.settle(['1'], 0);
  expect(inbox.waitedMs(1_999)).toBe(0);
  expect(inbox.waitedMs(2_500)).toBe(500);
});

test('a hint counts for as many notifications as it stands for', () => {
  const inbox = inboxAt(0);
  inbox.take(hint(['1']), 0);
  inbox.take(hint(['2'], { notifications: 7 }), 0);
  inbox.take(hint(['3'], { notifications: 0 }), 0);
  expect(inbox.hints).toBe(8);
});
