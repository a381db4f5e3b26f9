// One call to the CRM API: budget, token, request, verdict, parsed body. Repeats only after a refused access token, never for anything else.
import type { Instant } from '../../mirror/instant';
import type { Budget } from '../credits/budget';
import { failureOf, isStaleToken, retryAfterMs, waits } from '../wire/classify';
import type { ZohoClock } from '../clock';
import { faultOf, hiddenFaultOf, type Fault } from '../wire/envelope';
import { ZohoError } from '../errors';
import type { Http, Incoming, Opened, Outgoing } from '../wire/http';
import { parseJson } from '../wire/json';
import type { Tokens } from '../oauth/oauth';
import { createPatience } from '../wire/patience';

export interface Call {
  route: string;
  method: Outgoing['method'];
  /** Path below the API host, version included. */
  path: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: unknown;
  credits: number;
  /** Failures that answer the question with "nothing". */
  isNothing?: (failure: ZohoError) => boolean;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  /** Undefined for 204 and 304: nothing. */
  body: unknown;
  /** Zoho's clock when the request was sent. */
  askedAt: Instant;
  /** The answer's own `Date`. */
  date: Instant | undefined;
}

export interface Api {
  /** `v8` */
  version: string;
  /** The newest `Date` that has arrived with an answer, if it did so within the last `withinMs`. */
  lastDate(withinMs: number): Instant | undefined;
  clock: ZohoClock;
  /**
   * Throws a ZohoError for every answer that is not a success, also for an error item inside a 2xx; throttled, without sending anything,
   * while a 429 is being waited for and when background work would touch the reserve of credits.
   */
  call(call: Call): Promise<Answer>;
  /** As `call`, for a body that is not JSON; `path` may be an absolute URL of the API's own host. */
  open(call: Call): Promise<Opened>;
}

/** At most: the token at hand, a newer one out of the store, a fresh one. */
const mostSends = 3;

export function createApi(options: {
  http: Http;
  tokens: Tokens;
  budget: Budget;
  clock: ZohoClock;
  apiUrl: string;
  version: string;
}): Api {
  const { http, tokens, budget, clock, apiUrl, version } = options;
  let last: { date: Instant; at: number } | undefined;
  const patience = createPatience(clock.local, downloadRoute);

  const failureIn = (route: string, answer: Incoming, fault: Fault | undefined): ZohoError =>
    failureOf({
      route,
      status: answer.status,
      fault,
      throttledMs: () =>
        patience.refused(route, {
          toldMs: retryAfterMs(answer.header('retry-after'), answer.date),
          firstMs: route === downloadRoute ? waits.download : waits.request,
        }),
    });

  async function admitted<T extends Opened>(
    call: Call,
    send: (outgoing: Outgoing) => Promise<T>,
  ): Promise<{ answer: T; failure?: ZohoError }> {
    patience.check(call.route);
    const { release } = await budget.admit(call.credits);
    try {
      const sent = await authorised(call, send);
      if (sent.failure?.verdict !== 'throttled') patience.answered(call.route);
      const { date } = sent.answer;
      if (date !== undefined && sent.failure === undefined) last = { date, at: clock.local() };
      return sent;
    } finally {
      release();
    }
  }

  async function authorised<T extends Opened>(
    call: Call,
    send: (outgoing: Outgoing) => Promise<T>,
  ): Promise<{ answer: T; failure?: ZohoError }> {
    const outgoing = outgoingOf(call, apiUrl);
    let rejected: string | undefined;
    for (let sends = 1; ; sends++) {
      const token = await tokens.token({ rejected, signal: call.signal });
      const answer = await send({
        ...outgoing,
        headers: { ...outgoing.headers, authorization: `Zoho-oauthtoken ${token.value}` },
      });
      if (answer.status < 300 || answer.status === 304) return { answer };
      const fault = 'text' in answer ? faultOf(parseJson(answer.text)) : undefined;
      // A token fetched because the one before was refused: another one would not help either.
      const hopeless = (token.minted && rejected !== undefined) || sends === mostSends;
      if (hopeless || !isStaleToken(answer.status, fault)) {
        return { answer, failure: failureIn(call.route, answer, fault) };
      }
      rejected = token.value;
    }
  }

  return {
    version,
    clock,
    lastDate(withinMs) {
      const ageMs = clock.local() - (last?.at ?? -Infinity);
      return ageMs >= 0 && ageMs <= withinMs ? last?.date : undefined;
    },
    async call(call) {
      const { answer, failure } = await admitted(call, http.send);
      const { status, date, sentAt } = answer;
      const nothing = { status, body: undefined, date, askedAt: clock.at(sentAt, date) };
      if (failure) {
        if (call.isNothing?.(failure)) return nothing;
        throw failure;
      }
      const body = bodyOf(call.route, answer);
      const hidden = hiddenFaultOf(body);
      if (hidden) throw failureIn(call.route, answer, hidden);
      return { ...nothing, body };
    },
    async open(call) {
      const { answer, failure } = await admitted(call, http.open);
      if (failure) throw failure;
      return answer;
    },
  };
}

function bodyOf(route: string, answer: Incoming & { text: string }): unknown {
  // 204 has no body and means "nothing": never an error, never "everything is gone".
  if (answer.status === 204 || answer.status === 304) return undefined;
  const body = parseJson(answer.text);
  if (body !== undefined) return body;
  throw new ZohoError(
    `Zoho's answer to ${route} (HTTP ${answer.status}) is no JSON or cut off; it is tried again`,
    {
      verdict: 'transient',
      code: 'NOT_JSON',
      status: answer.status,
    },
  );
}

export const downloadRoute = 'bulk-read download';

/**
 * Refuses to carry the token to any other host than the configured one, whatever a `download_url` says.
 */
function outgoingOf(call: Call, apiUrl: string): Outgoing {
  const base = new URL(apiUrl);
  const url = URL.canParse(call.path, base.href) ? new URL(call.path, base) : undefined;
  if (url?.origin !== base.origin) {
    throw new ZohoError(`${call.route}: Zoho named a URL on another host; it is not followed`, {
      verdict: 'bug',
      code: 'FOREIGN_HOST',
    });
  }
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
  return {
    route: call.route,
    method: call.method,
    url: url.href,
    headers: {
      ...call.headers,
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    credits: call.credits,
    signal: call.signal,
  };
}

const nameShape = /^[A-Za-z][\w$]{0,99}$/;

/** A module's API name, fit for a path and a query. Throws refused INVALID_MODULE before anything is sent. */
export function moduleName(module: string): string {
  if (nameShape.test(module)) return module;
  throw new ZohoError('A module is called by its API name: letters, digits and underscores', {
    verdict: 'refused',
    code: 'INVALID_MODULE',
  });
}

/** An id of Zoho's that becomes a path segment. Throws a bug when it could be anything else. */
export function pathId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new ZohoError('A Zoho id is letters, digits, _ and -', { verdict: 'bug', code: 'BAD_REQUEST' });
}

/** Zoho refuses milliseconds in criteria, COQL and channel expiries: `2026-01-31T23:59:59+00:00`. */
export const zohoTime = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}+00:00`;
