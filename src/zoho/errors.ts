// Zoho's failures, classified once, here. Workflows and activities look at `verdict` and `code` only.

/**
 * - `transient`: tried again until it works (network, 5xx, timeouts, an answer that is cut off)
 * - `throttled`: tried again after `waitMs`
 * - `permanent`: a person must act (revoked token, missing scope, missing right)
 * - `refused`: this request can never work, but others do (unknown module or field, expired token, gone file): the caller decides by `code`
 * - `bug`: an answer or a request that should not exist (schema mismatch, malformed request)
 */
export type Verdict = 'transient' | 'throttled' | 'permanent' | 'refused' | 'bug';

export class ZohoError extends Error {
  readonly verdict: Verdict;
  /** Zoho's code, or ours in its style (`TIMEOUT`, `NETWORK`, `BAD_ANSWER`). */
  readonly code: string;
  readonly status?: number;
  /** How long to wait before the next try, milliseconds. */
  readonly waitMs?: number;
  /** Small, harmless facts such as `api_name` of a refused field. */
  readonly details: Readonly<Record<string, string>>;

  constructor(
    message: string,
    facts: {
      verdict: Verdict;
      code: string;
      status?: number;
      waitMs?: number;
      details?: Record<string, string>;
      cause?: unknown;
    },
  ) {
    super(message, { cause: facts.cause });
    this.name = 'ZohoError';
    this.verdict = facts.verdict;
    this.code = facts.code;
    if (facts.status !== undefined) this.status = facts.status;
    if (facts.waitMs !== undefined) this.waitMs = facts.waitMs;
    this.details = facts.details ?? {};
  }
}
