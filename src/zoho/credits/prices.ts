// What calls cost by Zoho's price list. Prices: "API Limits" (zoho-api, rate limits).

export const credits = {
  ordinary: 1,
  bulkReadCreate: 50,
  deletedList: 2,
  /** A token refresh has its own limit and costs nothing. */
  token: 0,
  /** COQL by its LIMIT. */
  coql: (limit: number): number => (limit <= 200 ? 1 : limit <= 1_000 ? 2 : 3),
} as const;

/** Which failures are charged is not documented; all but 401 and 429 are counted. */
export const paid = (price: number, status: number): number => (status === 401 || status === 429 ? 0 : price);

/** The value of `X-API-CREDITS-REMAINING`; undefined when it is absent, which says only that Zoho tells nothing. */
export const remainingIn = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
