// Temporal retries a failing activity without a word to its workflow. After a few attempts the workflow is told, so that its status shows
// the outage. A calm day costs nothing, a night of outage a handful of signals.
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { ActivityInterceptors } from '@temporalio/worker';
import { signals, type Retrying } from '../contracts';

/** After some 15 s, 4 min, 20 min, 80 min, … */
const worthTelling: ReadonlySet<number> = new Set([5, 20, 80, 320, 1_280, 5_120, 20_480]);
export const isWorthTelling = (attempt: number): boolean => worthTelling.has(attempt);
const tellWithinMs = 2_000;

export const retryReporter = (temporal: Client) => (): ActivityInterceptors => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        // Before the failure is reported: the next attempt, and with it the success that ends the outage, comes later.
        if (isRetried(error) && isWorthTelling(activityInfo().attempt))
          await tell(temporal, error).catch(() => undefined);
        throw error;
      }
    },
  },
});

const isRetried = (error: unknown): boolean =>
  error instanceof ApplicationFailure ? error.nonRetryable !== true : !(error instanceof CancelledFailure);

async function tell(temporal: Client, error: unknown): Promise<void> {
  const { workflowExecution, activityType, attempt } = activityInfo();
  if (!workflowExecution) return;
  const report: Retrying = {
    activity: activityType,
    attempts: attempt,
    // What nobody has classified may quote a value.
    reason: error instanceof ApplicationFailure ? error.message : 'an error that nobody has classified',
  };
  await temporal.withDeadline(Date.now() + tellWithinMs, () =>
    temporal.workflow
      .getHandle(workflowExecution.workflowId, workflowExecution.runId)
      .signal<[Retrying]>(signals.stillTrying, report),
  );
}
