// Access tokens as the accounts server hands them out, with its odd errors and limits; it knows no scopes.
import { randomUUID } from 'node:crypto';
import type { Clock } from './clock';
import { users } from './generator';
import type { SimulatorOptions } from './options';
import { SlidingWindow } from './sliding-window';
import type { User } from './types';

const TEN_MINUTES_MS = 600_000;

interface Grant {
  readonly user: User;
  readonly refreshes: SlidingWindow;
  /** Oldest first. */
  tokens: { readonly text: string; readonly expiresMs: number }[];
  revoked: boolean;
}

export type TokenAnswer =
  | {
      readonly kind: 'granted';
      readonly token: string;
      readonly expiresInSeconds: number;
      /** Of a grant's exchange only. */
      readonly refreshToken?: string;
    }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'throttled' };

export class OAuth {
  readonly #grants = new Map<string, Grant>();
  #granted = false;
  issued = 0;
  refused = 0;
  throttled = 0;

  constructor(
    readonly options: SimulatorOptions,
    readonly clock: Clock,
  ) {
    [options.refreshToken, ...options.otherRefreshTokens].forEach((token, index) => {
      const user = users[index % users.length];
      if (!user) return;
      const refreshes = new SlidingWindow(clock, TEN_MINUTES_MS);
      this.#grants.set(token, { user, refreshes, tokens: [], revoked: false });
    });
  }

  /** A code is good for one exchange. */
  exchange(form: ReadonlyMap<string, string>): TokenAnswer {
    const { refreshToken, grantToken } = this.options;
    const wrong = this.#clientError(form);
    if (wrong !== null) return { kind: 'refused', error: wrong };
    if (this.#granted || form.get('code') !== grantToken) return { kind: 'refused', error: 'invalid_code' };
    this.#granted = true;
    const answer = this.refresh(
      new Map([...form, ['grant_type', 'refresh_token'], ['refresh_token', refreshToken]]),
    );
    return answer.kind === 'granted' ? { ...answer, refreshToken } : answer;
  }

  refresh(form: ReadonlyMap<string, string>): TokenAnswer {
    const error = this.#errorIn(form);
    const grant = this.#grants.get(form.get('refresh_token') ?? '');
    if (error !== null || !grant || grant.revoked) {
      this.refused += 1;
      return { kind: 'refused', error: error ?? 'invalid_code' };
    }
    if (grant.refreshes.total() >= this.options.refreshesPerTenMinutes) {
      this.throttled += 1;
      return { kind: 'throttled' };
    }
    grant.refreshes.add(1);
    this.issued += 1;
    const expiresInSeconds = this.options.tokenLifetimeSeconds;
    const token = `1000.${randomUUID().replaceAll('-', '')}.${randomUUID().replaceAll('-', '')}`;
    const alive = grant.tokens.filter((known) => known.expiresMs > this.clock.now());
    const kept = alive.slice(Math.max(0, alive.length - this.options.tokensPerRefreshToken + 1));
    grant.tokens = [...kept, { text: token, expiresMs: this.clock.now() + expiresInSeconds * 1000 }];
    return { kind: 'granted', token, expiresInSeconds };
  }

  /** Whose token it is and when it dies, or null. */
  check(token: string): { readonly user: User; readonly expiresMs: number } | null {
    for (const grant of this.#grants.values()) {
      const found = grant.tokens.find((known) => known.text === token);
      if (found && found.expiresMs > this.clock.now())
        return { user: grant.user, expiresMs: found.expiresMs };
    }
    return null;
  }

  /** Kills live access tokens; with `refreshTokens` nothing works until `reset`. */
  revoke(options: { refreshTokens?: boolean } = {}): void {
    for (const grant of this.#grants.values()) {
      grant.tokens = [];
      if (options.refreshTokens) grant.revoked = true;
    }
  }

  live(): number {
    const now = this.clock.now();
    return [...this.#grants.values()]
      .flatMap((grant) => grant.tokens)
      .filter((token) => token.expiresMs > now).length;
  }

  reset(): void {
    for (const grant of this.#grants.values()) {
      grant.tokens = [];
      grant.revoked = false;
      grant.refreshes.clear();
    }
    this.#granted = false;
    this.issued = 0;
    this.refused = 0;
    this.throttled = 0;
  }

  #errorIn(form: ReadonlyMap<string, string>): string | null {
    return form.get('grant_type') === 'refresh_token' ? this.#clientError(form) : 'unsupported_grant_type';
  }

  #clientError(form: ReadonlyMap<string, string>): string | null {
    if (form.get('client_id') !== this.options.clientId) return 'invalid_client';
    if (form.get('client_secret') !== this.options.clientSecret) return 'invalid_client_secret';
    return null;
  }
}
