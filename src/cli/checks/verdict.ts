// What one check found. Never a secret, never a record.

export interface Verdict {
  check: string;
  /** `warning`: it works, but look at it. `skipped`: what it rests on has failed. */
  verdict: 'ok' | 'warning' | 'failed' | 'skipped';
  detail: string;
  /** What to do, unless all is well. */
  fix?: string;
}

export const ok = (check: string, detail: string): Verdict => ({ check, verdict: 'ok', detail });
export const warning = (check: string, detail: string, fix: string): Verdict => ({
  check,
  verdict: 'warning',
  detail,
  fix,
});
export const failed = (check: string, detail: string, fix: string): Verdict => ({
  check,
  verdict: 'failed',
  detail,
  fix,
});
export const skipped = (check: string, because: string): Verdict => ({
  check,
  verdict: 'skipped',
  detail: `not looked at: ${because}`,
});

export const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.message}${codeOf(error)}` : String(error);

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' && !error.message.includes(error.code)
    ? ` (${error.code})`
    : '';
