// Page tokens of record lists: bound to user and parameters, good for a day; it never reads records.
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock';
import { ZohoError } from './errors';
import type { User } from './types';

const DAY_MS = 86_400_000;

interface Place {
  readonly user: User;
  readonly parameters: string;
  readonly offset: number;
  /** The list as it was at its first page, so that later pages neither repeat nor skip. */
  readonly ids: readonly string[];
  readonly expiresMs: number;
}

export class PageTokens {
  readonly #places = new Map<string, Place>();

  constructor(readonly clock: Clock) {}

  issue(place: Omit<Place, 'expiresMs'>): { token: string; expiresMs: number } {
    const token = randomBytes(24).toString('hex');
    const expiresMs = this.clock.now() + DAY_MS;
    this.#places.set(token, { ...place, expiresMs });
    return { token, expiresMs };
  }

  follow(token: string, user: User, parameters: string): Place {
    const place = this.#places.get(token);
    if (!place || place.expiresMs <= this.clock.now())
      throw refused('EXPIRED_VALUE', 'the page_token has expired');
    if (place.user.id !== user.id) throw refused('INVALID_DATA', 'the page_token belongs to another user');
    if (place.parameters !== parameters)
      throw refused('TOKEN_BOUND_DATA_MISMATCH', 'the parameters differ from the first call');
    return place;
  }

  clear(): void {
    this.#places.clear();
  }
}

function refused(code: string, message: string): ZohoError {
  return new ZohoError({ status: 400, code, message, details: { param_name: 'page_token' } });
}
