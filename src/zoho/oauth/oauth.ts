// Access tokens: one flight in this process, one sealed token for all processes. Never follows `api_domain`, never tells a token.
// Limits (zoho-api, OAuth): a token lives 1 h; the 16th live one kills the first; over 10 refreshes in 10 min lock everybody out.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { retryAfterMs, waits } from '../wire/classify';
import type { ZohoClock } from '../clock';
import { credits } from '../credits/prices';
import { ZohoError } from '../errors';
import { aborted, type Http } from '../wire/http';
import { parseJson, wholeNumber } from '../wire/json';
import { createSeal } from './seal';

export interface TokenStore {
  read(): Promise<string | undefined>;
  write(sealed: string): Promise<void>;
  /**
   * Takes the sole right to ask for a token, for so long: 0, or the milliseconds for which another holder has it. Taken again by its
   * holder it ends after the new time. Without it, processes may ask side by side.
   */
  claim?(holder: string, forMs: number): Promise<number>;
}

export interface Tokens {
  /**
   * An access token. `rejected` is one that Zoho has just refused: the answer is another one, from the store if some process has
   * already fetched it. `minted`: fetched for this call, so that refusing it too means that no refresh will help.
   * Throws permanent (Zoho's OAuth code), throttled (ACCESS_DENIED) or transient.
   */
  token(asked: { rejected?: string | undefined; signal?: AbortSignal | undefined }): Promise<Held>;
}

interface Held {
  value: string;
  minted: boolean;
}

const heldShape = z.object({ value: z.string().min(1), renewAt: z.number(), expiresAt: z.number() });
type Token = z.infer<typeof heldShape>;

const replyShape = z.object({
  access_token: z.string().min(1),
  expires_in: wholeNumber.optional().catch(undefined),
});
const refusalShape = z.object({ error: z.string() });

const defaultLifetimeS = 3_600;
/** Renewed this much before the end, or a tenth of the lifetime if that is less. */
const aheadMs = 5 * 60_000;
/** Between two tries to renew a token that still lives. */
const retryRenewalMs = 30_000;
/** Longer than a request for a token takes. */
const claimMs = 20_000;
const lookAgainMs = 100;

export interface OAuthOptions {
  http: Http;
  clock: ZohoClock;
  accountsUrl: string;
  clientId: string;
  clientSecret: string;
  refreshToken: string;
  tokenStore?: TokenStore | undefined;
}

export function createTokens(options: OAuthOptions): Tokens {
  const { clock, tokenStore } = options;
  const seal = createSeal(
    [options.clientSecret, options.refreshToken],
    `${options.accountsUrl} ${options.clientId}`,
  );
  const dead = new Set<string>();
  let held: Token | undefined;
  let flight: Promise<Held> | undefined;
  const holder = randomUUID();
  let lockedUntil = 0; // local clock

  const alive = (token: Token | undefined): token is Token =>
    token !== undefined && !dead.has(token.value) && token.expiresAt > clock.now();
  const fresh = (token: Token | undefined): token is Token => alive(token) && token.renewAt > clock.now();

  const claim = async (forMs: number): Promise<number> => {
    if (!tokenStore?.claim) return 0;
    // Two first claims may collide; a store that is down costs sharing, not this call.
    const take = () => tokenStore.claim?.(holder, forMs) ?? Promise.resolve(0);
    return take()
      .catch(take)
      .catch(() => 0);
  };

  async function refresh(): Promise<Token> {
    const waitMs = lockedUntil - clock.local();
    if (waitMs > 0) throw lockedOut(waitMs);
    try {
      return await requestToken(options);
    } catch (error) {
      if (error instanceof ZohoError && error.verdict === 'throttled') {
        lockedUntil = clock.local() + (error.waitMs ?? waits.tokenRefresh);
      }
      throw error;
    }
  }

  /** One process at a time asks for a token; the others wait for what it brings, or go on with the old one while that lives. */
  async function acquire(): Promise<Held> {
    for (;;) {
      const before = await readStore(tokenStore, seal.open);
      if (fresh(before)) return adopt(before);
      const busyMs = await claim(claimMs);
      // Another process may have been quicker between the look and the claim.
      const stored = busyMs === 0 ? await readStore(tokenStore, seal.open) : before;
      if (fresh(stored)) {
        await claim(0);
        return adopt(stored);
      }
      if (busyMs === 0) return renew(stored);
      const old = [held, stored].find(alive);
      if (old) return keep(old);
      if (busyMs > claimMs) throw lockedOut(busyMs);
      await delay(Math.min(busyMs, lookAgainMs));
    }
  }

  function adopt(stored: Token): Held {
    held = stored;
    return { value: stored.value, minted: false };
  }

  function keep(old: Token): Held {
    held = { ...old, renewAt: clock.now() + retryRenewalMs };
    return { value: old.value, minted: false };
  }

  async function renew(stored: Token | undefined): Promise<Held> {
    let token: Token;
    try {
      token = await refresh();
    } catch (error) {
      // Locked out: nobody else asks before the time is over.
      await claim(Math.max(0, lockedUntil - clock.local()));
      // Renewal is early on purpose: while the old token lives, a failing accounts server stops nothing.
      const old = [held, stored].find(alive);
      if (!old) throw error;
      return keep(old);
    }
    dead.delete(token.value);
    held = token;
    // A store that is down costs sharing, not this call.
    await tokenStore?.write(seal.close(JSON.stringify(token))).catch(() => undefined);
    await claim(0);
    return { value: token.value, minted: true };
  }

  async function token(asked: Parameters<Tokens['token']>[0]): Promise<Held> {
    if (asked.rejected !== undefined) bury(dead, asked.rejected);
    if (fresh(held)) return { value: held.value, minted: false };
    flight ??= acquire().finally(() => {
      flight = undefined;
    });
    const got = await orAborted(flight, asked.signal);
    // A flight that took off before `rejected` was known may bring back that very token.
    return dead.has(got.value) && !got.minted ? token({ signal: asked.signal }) : got;
  }

  return { token };
}

/** Remembers refused tokens; a handful is enough, since one lives for an hour. */
function bury(dead: Set<string>, token: string): void {
  dead.add(token);
  for (const oldest of dead) {
    if (dead.size <= 16) break;
    dead.delete(oldest);
  }
}

async function readStore(
  store: TokenStore | undefined,
  open: (sealed: string) => string | undefined,
): Promise<Token | undefined> {
  // A store that is down is the same as an empty one: this process then fetches a token for itself.
  const sealed = await store?.read().catch(() => undefined);
  const plain = sealed === undefined ? undefined : open(sealed);
  if (plain === undefined) return undefined;
  const parsed = heldShape.safeParse(JSON.parse(plain));
  return parsed.success ? parsed.data : undefined;
}

/** `POST /oauth/v2/token`; there is no new refresh token in the answer. Secrets travel in the body only. */
async function requestToken(options: OAuthOptions): Promise<Token> {
  const answer = await options.http.send({
    route: 'oauth token',
    method: 'POST',
    url: new URL('/oauth/v2/token', options.accountsUrl).href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: options.clientId,
      client_secret: options.clientSecret,
      refresh_token: options.refreshToken,
    }).toString(),
    credits: credits.token,
  });
  const body = parseJson(answer.text);
  const reply = replyShape.safeParse(body);
  if (answer.status >= 200 && answer.status < 300 && reply.success) {
    // Zoho's own time, so that a wrong local clock does not keep a dead token.
    const from = answer.date ?? options.clock.now();
    const lifetimeMs = (reply.data.expires_in ?? defaultLifetimeS) * 1_000;
    const expiresAt = from + lifetimeMs;
    return {
      value: reply.data.access_token,
      expiresAt,
      renewAt: expiresAt - Math.min(aheadMs, lifetimeMs / 10),
    };
  }
  throw refusal(answer.status, body, retryAfterMs(answer.header('retry-after'), answer.date));
}

/** Zoho's OAuth refusals: a bad refresh token is HTTP 200 with `error`; too many refreshes are HTTP 400 "Access Denied". */
function refusal(status: number, body: unknown, toldWaitMs: number | undefined): ZohoError {
  const parsed = refusalShape.safeParse(body);
  const error = parsed.success ? parsed.data.error : undefined;
  if (status === 429 || (status === 400 && error !== undefined && /access.?denied/i.test(error))) {
    return lockedOut(Math.max(waits.tokenRefresh, toldWaitMs ?? 0), status);
  }
  if (status < 500 && error !== undefined) {
    const code = /^[a-z][a-z_]{1,40}$/i.test(error) ? error : 'OAUTH_REFUSED';
    return new ZohoError(
      `Zoho refused the refresh token or the client (${code}, HTTP ${status}). Set valid ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN of this data centre`,
      { verdict: 'permanent', code, status },
    );
  }
  return new ZohoError(`Zoho's accounts server gave no token (HTTP ${status}); it is tried again`, {
    verdict: 'transient',
    code: `HTTP_${status}`,
    status,
  });
}

const lockedOut = (waitMs: number, status = 400): ZohoError =>
  new ZohoError(
    `Zoho gives no new access token for now: too many were asked for. Next try in ${Math.ceil(waitMs / 1_000)} s`,
    { verdict: 'throttled', code: 'ACCESS_DENIED', status, waitMs },
  );

/** Waits for a shared promise; the caller's abort ends the waiting, not the work that others wait for. */
async function orAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return shared;
  if (signal.aborted) {
    shared.catch(() => undefined); // Perhaps nobody else waits for it.
    throw aborted('oauth token', signal);
  }
  let stop: (() => void) | undefined;
  const given = new Promise<never>((_, reject) => {
    stop = () => reject(aborted('oauth token', signal));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([shared, given]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}
