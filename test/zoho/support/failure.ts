// Catches the ZohoError of a call that must fail.
import { ZohoError } from '../../../src/zoho';

export async function failureOf(run: Promise<unknown>): Promise<ZohoError> {
  const outcome = await run.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (outcome instanceof ZohoError) return outcome;
  throw new Error(`Expected a ZohoError, got ${String(outcome)}`);
}
