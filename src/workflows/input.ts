// Inputs come from people at a command line: what is wrong is said at once, with what is allowed.
import { ApplicationFailure } from '@temporalio/workflow';

type Kind = 'module' | 'instant' | 'flag' | 'carried';

const checks: Record<Kind, { test: (value: unknown) => boolean; allowed: string }> = {
  module: {
    test: (value) => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value),
    allowed: 'the API name of a module, such as "Leads"',
  },
  instant: {
    test: (value) =>
      value === undefined ||
      (typeof value === 'string' && !Number.isNaN(Date.parse(value)) && /(Z|[+-]\d\d:\d\d)$/.test(value)),
    allowed: 'an ISO 8601 time with an offset, such as "2026-01-31T08:00:00Z"',
  },
  flag: {
    test: (value) => value === undefined || typeof value === 'boolean',
    allowed: 'true or false',
  },
  // Made by the run before; no person types it.
  carried: { test: () => true, allowed: 'the state of the run before' },
};

/** Answers the input, or fails the workflow with a non-retryable InvalidInput that names every problem. */
export function checkInput<T extends object>(
  type: string,
  input: T,
  shape: Record<keyof T & string, Kind>,
): T {
  const keys = Object.keys(shape) as (keyof T & string)[];
  const problems: string[] = [];
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    problems.push('the input must be one JSON object');
  else {
    for (const key of Object.keys(input)) if (!(key in shape)) problems.push(`"${key}" is not known`);
    for (const key of keys) {
      const { test, allowed } = checks[shape[key]];
      if (!test(input[key])) problems.push(`"${key}" must be ${allowed}`);
    }
  }
  if (problems.length === 0) return input;
  const allowed = keys.filter((key) => shape[key] !== 'carried').map((key) => `"${key}"`);
  throw ApplicationFailure.nonRetryable(
    `${type}: ${problems.join('; ')}. Allowed keys: ${allowed.join(', ')}`,
    'InvalidInput',
  );
}

/** Signals come from anywhere: one that does not fit is ignored, because throwing in a handler would block the workflow. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isInstant = (value: unknown): boolean => checks.instant.test(value);
