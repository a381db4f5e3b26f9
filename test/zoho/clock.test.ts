import { instant } from '../../src/mirror/instant';
import { createClock } from '../../src/zoho/clock';

function atLocal(start: number) {
  const local = { ms: start };
  return { local, clock: createClock(() => local.ms) };
}

test("before any answer, Zoho's clock is the local one", () => {
  expect(atLocal(5_000).clock.now()).toBe(5_000);
});

test('the largest difference between Date and arrival counts', () => {
  const { local, clock } = atLocal(100_000);
  clock.learn(instant(109_000)); // 9 s ahead
  local.ms = 101_000;
  clock.learn(instant(109_000)); // 8 s: an answer that travelled for long
  expect(clock.now()).toBe(110_000);
});

test('a difference is forgotten after ten minutes', () => {
  const { local, clock } = atLocal(0);
  clock.learn(instant(9_000));
  local.ms = 300_000;
  clock.learn(instant(302_000));
  local.ms = 600_000;
  expect(clock.now()).toBe(609_000);
  local.ms = 600_001;
  expect(clock.now()).toBe(602_001);
});

test('a local clock that is set back forgets what it learned before', () => {
  const { local, clock } = atLocal(1_000_000);
  clock.learn(instant(1_000_000));
  local.ms = 500_000;
  clock.learn(instant(1_000_000));
  expect(clock.now()).toBe(1_000_000);
});

test('a local clock that is set forward forgets what it learned before', () => {
  const { local, clock } = atLocal(1_000_000);
  clock.learn(instant(1_000_000));
  local.ms = 4_600_000;
  clock.learn(instant(1_000_000));
  expect(clock.now()).toBe(1_000_000);
});

test("an estimate is never more than the answer's own Date and one second", () => {
  const { clock } = atLocal(100_000);
  clock.learn(instant(150_000));
  expect(clock.at(100_000, instant(120_000))).toBe(121_000);
  expect(clock.at(60_000, instant(120_000))).toBe(110_000);
  expect(clock.at(60_000, undefined)).toBe(110_000);
});

test('an answer without a Date teaches nothing', () => {
  const { clock } = atLocal(7);
  clock.learn(undefined);
  expect(clock.now()).toBe(7);
});
