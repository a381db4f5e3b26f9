// Rules for things that go wrong on demand: which, where, how often; it never breaks anything itself.
import { randomFor, type Random } from './random';

/** Answer an error instead of working. */
export const answerKinds = ['status', 'unauthorized', 'too-many-requests', 'bulk-429-in-400'] as const;
/** No answer arrives; with `phase: after` the work was done all the same. */
export const silenceKinds = ['timeout', 'reset'] as const;
/** The answer comes late. */
export const lateKinds = ['slow', 'delay'] as const;
/** The answer is damaged on its way. */
export const damageKinds = ['truncate', 'cut', 'corrupt', 'stall'] as const;
export const bulkKinds = ['short', 'fail-job', 'stuck-job', 'expire-page-token', 'expire-job'] as const;
export const channelKinds = ['expire-channel'] as const;
/** A list by ids lacks a record that it should have. */
export const listKinds = ['leave-out'] as const;
/** For routes `notification` and `bulk.callback`. */
export const postKinds = ['drop', 'double', 'delay', 'reorder'] as const;

export const faultKinds = [
  ...new Set([
    ...answerKinds,
    ...silenceKinds,
    ...lateKinds,
    ...damageKinds,
    ...bulkKinds,
    ...channelKinds,
    ...listKinds,
    ...postKinds,
  ]),
];
export type FaultKind = (typeof faultKinds)[number];

export interface FaultRule {
  readonly kind: FaultKind;
  /** A route's name, or a regular expression on name or URL; everything of the kind's reach if absent. */
  readonly route?: string;
  readonly method?: string;
  /** How often it strikes; -1 is for ever. Default 1. */
  readonly times?: number;
  readonly probability?: number;
  readonly phase?: 'before' | 'after';
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  readonly afterBytes?: number;
  /** Rows that a `short` file omits. */
  readonly rows?: number;
}

export interface Place {
  readonly route: string;
  readonly method?: string;
  readonly url?: string;
}

interface Armed {
  readonly rule: FaultRule;
  readonly pattern: RegExp | null;
  left: number;
  struck: number;
}

export class Faults {
  #armed: Armed[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = randomFor(seed, 0, 77);
  }

  add(rule: FaultRule): void {
    const pattern = rule.route === undefined ? null : new RegExp(rule.route);
    this.#armed.push({ rule, pattern, left: rule.times ?? 1, struck: 0 });
  }

  /** The first rule that strikes here; striking uses it up. */
  take(place: Place, kinds: readonly FaultKind[]): FaultRule | undefined {
    for (const armed of this.#armed) {
      if (armed.left === 0 || !kinds.includes(armed.rule.kind) || !reaches(armed, place)) continue;
      if (armed.rule.probability !== undefined && this.#random() >= armed.rule.probability) continue;
      if (armed.left > 0) armed.left -= 1;
      armed.struck += 1;
      return armed.rule;
    }
    return undefined;
  }

  clear(): void {
    this.#armed = [];
  }

  list(): readonly { readonly rule: FaultRule; readonly left: number; readonly struck: number }[] {
    return this.#armed.map(({ rule, left, struck }) => ({ rule, left, struck }));
  }
}

function reaches(armed: Armed, place: Place): boolean {
  const { rule, pattern } = armed;
  if (rule.method !== undefined && rule.method.toUpperCase() !== place.method) return false;
  if (pattern === null || rule.route === place.route) return true;
  // A full name means that route alone: `records.list` must not also strike what merely contains it.
  if (/^[a-z]+\.[a-z-]+$/.test(rule.route ?? '')) return false;
  return pattern.test(place.route) || (place.url !== undefined && pattern.test(place.url));
}
