// Repeatable chance: the same seed gives the same numbers; it never touches Math.random.

export type Random = () => number;

export function randomFor(seed: number, index: number, salt: number): Random {
  let state =
    Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^
    Math.imul(index + 1, 0xc2b2ae35) ^
    Math.imul(salt + 1, 0x27d4eb2f);
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

export function digits(random: Random, count: number): string {
  let text = '';
  while (text.length < count) text += below(random, 10);
  return text;
}

/** Shuffles in place. */
export function shuffle<T>(random: Random, items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = below(random, last + 1);
    const moved = items[last];
    const swapped = items[other];
    if (moved === undefined || swapped === undefined) continue;
    items[last] = swapped;
    items[other] = moved;
  }
  return items;
}
