// The border between the rooms' errors and Temporal: every error leaves an activity with one of the types of contracts/errors.
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { errorTypes, type ErrorType } from '../contracts';
import { DatabaseError, SchemaMismatchError, SupersededError } from '../db';
import { PageError } from '../pages';
import { ZohoError } from '../zoho';

export const failure = (type: ErrorType, message: string): ApplicationFailure =>
  errorTypes[type].retry
    ? ApplicationFailure.retryable(message, type)
    : ApplicationFailure.nonRetryable(message, type);

/** What an activity throws, as workflows know it. An error that nobody classified is a bug of ours and is retried loudly. */
export function asFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  // A call that was given up on because the activity is cancelled is a cancellation, not Zoho's trouble.
  if (error instanceof ZohoError && error.cause instanceof CancelledFailure) return error.cause;
  if (error instanceof ZohoError) return zohoFailure(error);
  if (error instanceof DatabaseError)
    return failure(error.verdict === 'retry' ? 'DatabaseTransient' : 'DatabasePermanent', error.message);
  if (error instanceof SchemaMismatchError) return failure('SchemaMismatch', error.message);
  if (error instanceof SupersededError) return failure('Superseded', error.message);
  if (error instanceof PageError) return failure('PageIncomplete', error.message);
  return error;
}

function zohoFailure(error: ZohoError): ApplicationFailure {
  const message = error.message.includes(error.code) ? error.message : `${error.message} (${error.code})`;
  switch (error.verdict) {
    case 'transient':
      return failure('ZohoTransient', message);
    case 'throttled':
      // The workflow itself waits, so that it can say for what.
      if (error.code === 'CREDITS_RESERVED')
        return ApplicationFailure.create({
          message: error.message,
          type: 'CreditsReserved',
          nonRetryable: true,
          category: ApplicationFailureCategory.BENIGN,
          details: [error.waitMs],
        });
      return ApplicationFailure.create({
        message,
        type: 'ZohoThrottled',
        category: ApplicationFailureCategory.BENIGN,
        ...(error.waitMs === undefined ? {} : { nextRetryDelay: error.waitMs }),
      });
    case 'permanent':
    case 'refused':
      return failure('ZohoPermanent', message);
    case 'bug':
      return failure('Bug', message);
  }
}
