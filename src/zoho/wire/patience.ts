// After a 429 this process sends nothing more until the wait is over. A 429 does not say which budget it means, so only downloads,
// which have a limit of their own, are waited for apart.
import { ZohoError } from '../errors';

export interface Patience {
  /** Throws throttled while the wait lasts. */
  check(route: string): void;
  /** A 429 has come. Answers how long to wait: as told, else longer with each that comes after the last wait. */
  refused(route: string, wait: { toldMs: number | undefined; firstMs: number }): number;
  /** Zoho has answered. */
  answered(route: string): void;
}

const longestMs = 5 * 60_000;

export function createPatience(local: () => number, downloads: string): Patience {
  const waits = new Map<string, { until: number; ms: number }>();
  const lane = (route: string): string => (route === downloads ? downloads : '');

  return {
    check(route) {
      const leftMs = (waits.get(lane(route))?.until ?? 0) - local();
      if (leftMs <= 0) return;
      throw new ZohoError(
        `Zoho has asked for patience; ${route} is not sent for another ${Math.ceil(leftMs / 1_000)} s`,
        { verdict: 'throttled', code: 'TOO_MANY_REQUESTS', waitMs: leftMs },
      );
    },
    refused(route, { toldMs, firstMs }) {
      const before = waits.get(lane(route));
      // Calls that were on their way together are refused together: that is one refusal.
      const again = before !== undefined && before.until <= local();
      const grown = Math.max(firstMs, again ? Math.min(before.ms * 2, longestMs) : (before?.ms ?? 0));
      const ms = toldMs ?? grown;
      const until = Math.max(before?.until ?? 0, local() + ms);
      waits.set(lane(route), { until, ms: toldMs === undefined ? ms : 0 });
      return until - local();
    },
    answered: (route) => {
      const before = waits.get(lane(route));
      if (before && before.until <= local()) waits.delete(lane(route));
    },
  };
}
