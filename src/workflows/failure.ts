// The typed failure inside whatever an activity call threw.
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { ErrorType } from '../contracts';

export function failureOf(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause : undefined;
}

export const isFailure = (error: unknown, type: ErrorType): boolean => failureOf(error)?.type === type;
