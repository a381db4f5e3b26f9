// Instants are milliseconds since the epoch, UTC. Zoho writes them with whatever offset the user prefers; never compare the text.

declare const brand: unique symbol;
export type Instant = number & { readonly [brand]: 'Instant' };

export const instant = (epochMs: number): Instant => epochMs as Instant;

const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

/** Parses ISO 8601 with a mandatory offset. Throws a RangeError for anything else. */
export function parseInstant(text: string): Instant {
  const ms = iso.test(text) ? Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) : NaN;
  if (Number.isNaN(ms)) throw new RangeError('Not an ISO 8601 instant with an offset');
  return ms as Instant;
}

/** `2026-01-31T23:59:59.123Z` */
export const toIsoMs = (at: Instant): string => new Date(at).toISOString();

/** `2026-01-31T23:59:59Z`, cut to whole seconds. */
export const toIsoSeconds = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

export const later = (a: Instant, b: Instant): Instant => (a >= b ? a : b);
