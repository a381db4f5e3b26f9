// Looks at a workflow's status until it shows what a test waits for.
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import type { Status } from '../../src/contracts';
import { eventually } from '../support/eventually';

export const reaches = <S extends Status>(
  handle: WorkflowHandle<() => Promise<S>>,
  what: string,
  holds: (status: S) => boolean,
): Promise<S> =>
  eventually(what, async () => {
    const status = await handle.query<S>('status');
    return holds(status) && status;
  });

/** Why a workflow failed; undefined when it did not. */
export const failureOf = (result: Promise<unknown>): Promise<unknown> =>
  result.then(
    () => undefined,
    (error: unknown) => (error instanceof WorkflowFailedError ? error.cause : error),
  );
