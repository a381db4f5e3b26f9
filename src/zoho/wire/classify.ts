// Zoho's failures as data: status and code decide the verdict. Zoho's own message text is never read, because it may hold values.
import { ZohoError, type Verdict } from '../errors';
import type { Instant } from '../../mirror/instant';
import type { Fault } from './envelope';

/** Codes whose meaning does not depend on the HTTP status. Sources: the error tables of Bulk Read, Get Records, watch, COQL. */
const byCode: Readonly<Record<string, Verdict>> = {
  TOO_MANY_REQUESTS: 'throttled', // also inside a 400 of Bulk Read

  INVALID_TOKEN: 'permanent', // only after a fresh token was refused too
  AUTHENTICATION_FAILURE: 'permanent',
  INVALID_OAUTHTOKEN: 'permanent',
  OAUTH_SCOPE_MISMATCH: 'permanent',
  NO_PERMISSION: 'permanent',
  AUTHORIZATION_FAILED: 'permanent',
  INVALID_HOST: 'permanent', // the token belongs to another data centre
  INVALID_CALLBACK_URL: 'permanent', // PUBLIC_URL is not acceptable to Zoho
  INVALID_CALLBACK_METHOD: 'bug',

  RESOURCE_NOT_FOUND: 'refused',
  INVALID_MODULE: 'refused',
  MODULE_NOT_AVAILABLE: 'refused',
  MODULE_NOT_SUPPORTED: 'refused',
  FIELD_NOT_AVAILABLE: 'refused',
  FIELD_NOT_SUPPORTED: 'refused',
  FIELD_IN_CRITERIA_NOT_AVAILABLE: 'refused',
  FIELD_IN_CRITERIA_NOT_SUPPORTED: 'refused',
  JOIN_LIMIT_EXCEEDED: 'refused',
  JOB_NOT_SUPPORTED: 'refused',
  QUERY_NOT_SUPPORTED: 'refused',
  NOT_SUPPORTED_FEATURE: 'refused',
  PAGE_NOT_SUPPORTED: 'refused',
  PAGE_RANGE_EXCEEDED: 'refused',
  DISCRETE_PAGINATION_LIMIT_EXCEEDED: 'refused',
  PAGINATION_LIMIT_EXCEEDED: 'refused',
  EXPIRED_VALUE: 'refused',
  TOKEN_BOUND_DATA_MISMATCH: 'refused',
  NOT_SUBSCRIBED: 'refused',
  INVALID_DATA: 'refused',
  INVALID_QUERY: 'refused',

  INTERNAL_ERROR: 'transient',
  INTERNAL_SERVER_ERROR: 'transient',
  CALLBACK_FAILURE: 'transient',
};

/** What a status means when the code says nothing, or there is none (a proxy's page). */
function byStatus(status: number, hasCode: boolean): Verdict {
  if (status === 429) return 'throttled';
  if (status >= 500 || status === 408) return 'transient';
  if (status === 401 || status === 403) return 'permanent';
  // A 3xx or a 404 without a Zoho code is a gateway speaking, not Zoho.
  return hasCode ? 'bug' : 'transient';
}

/** Codes that one fresh token may heal. Bulk Read lists INVALID_TOKEN under HTTP 400. */
const staleToken = new Set(['INVALID_TOKEN', 'AUTHENTICATION_FAILURE', 'INVALID_OAUTHTOKEN']);

/** Whether the request is worth repeating with another access token. */
export const isStaleToken = (status: number, fault: Fault | undefined): boolean =>
  fault === undefined ? status === 401 : (status === 400 || status === 401) && staleToken.has(fault.code);

/** First waits when Zoho names none (it documents no Retry-After), milliseconds; patience.ts lets them grow. */
export const waits = {
  /** A 429 says not which budget; concurrency frees itself in seconds. */
  request: 5_000,
  /** Ten downloads a minute; above that all fail until the minute has passed. */
  download: 60_000,
  /** Ten access tokens per refresh token in ten minutes, then blocked for the rest of the window. */
  tokenRefresh: 10 * 60_000,
} as const;

const longestWaitMs = 24 * 60 * 60_000;

/** `Retry-After` in milliseconds: seconds, or an HTTP date relative to the answer's own `Date`. */
export function retryAfterMs(header: string | undefined, answered: Instant | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\s*\d{1,9}\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - (answered ?? NaN);
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestWaitMs);
}

const nextStep: Readonly<Record<Verdict, string>> = {
  transient: 'it is tried again',
  throttled: 'it is tried again after a wait',
  permanent: 'a person must change a right, a scope or a token in Zoho, or the configuration',
  refused: 'this request cannot work as it is',
  bug: 'the request should not have been made like this',
};

const verdictOf = (status: number, fault: Fault | undefined): Verdict =>
  status === 429 ? 'throttled' : ((fault && byCode[fault.code]) ?? byStatus(status, fault !== undefined));

/** The error for an answer that is a failure. `throttledMs` is asked for only where it matters. */
export function failureOf(facts: {
  route: string;
  status: number;
  fault: Fault | undefined;
  throttledMs: () => number;
}): ZohoError {
  const { route, status, fault } = facts;
  const verdict = verdictOf(status, fault);
  const code = fault?.code ?? (status === 429 ? 'TOO_MANY_REQUESTS' : `HTTP_${status}`);
  const about = fault?.details['api_name'] === undefined ? '' : ` for ${fault.details['api_name']}`;
  return new ZohoError(`Zoho answered ${code}${about} (HTTP ${status}) to ${route}; ${nextStep[verdict]}`, {
    verdict,
    code,
    status,
    ...(verdict === 'throttled' ? { waitMs: facts.throttledMs() } : {}),
    details: fault?.details ?? {},
  });
}
