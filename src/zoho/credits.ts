// What calls cost by Zoho's price list, and what Zoho last said remains. Never decides anything.
// Prices: "API Limits" (zoho-api, rate limits). Which failures are charged is not documented; all but 401 and 429 are counted.

export const credits = {
  ordinary: 1,
  bulkReadCreate: 50,
  deletedList: 2,
  /** A token refresh has its own limit and costs nothing. */
  token: 0,
  /** COQL by its LIMIT. */
  coql: (limit: number): number => (limit <= 200 ? 1 : limit <= 1_000 ? 2 : 3),
} as const;

export interface Purse {
  spend(price: number, status: number): number;
  /** The value of `X-API-CREDITS-REMAINING`, which Zoho sends once half of the day's credits are used. */
  remaining(header: string | undefined): void;
  state(): { spent: number; remaining?: number };
}

export function createPurse(): Purse {
  let spent = 0;
  let remaining: number | undefined;
  return {
    spend(price, status) {
      const paid = status === 401 || status === 429 ? 0 : price;
      spent += paid;
      return paid;
    },
    remaining(header) {
      if (header !== undefined && /^\d{1,15}$/.test(header)) remaining = Number(header);
    },
    state: () => (remaining === undefined ? { spent } : { spent, remaining }),
  };
}
