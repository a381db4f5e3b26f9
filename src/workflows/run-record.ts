// Every run leaves a row in `sync_run`, however it ends.
import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { LoadStatus } from '../contracts';
import type { RunEnd } from '../activities';
import { quick } from './activities';
import type { Desk } from './desk';
import { failureOf } from './failure';

/** @param detail what the row says of a run that ended well. */
export async function recorded<S extends LoadStatus>(
  desk: Desk<S>,
  module: string,
  work: () => Promise<void>,
  detail: (status: S) => string | undefined = () => undefined,
): Promise<S> {
  const startedAt = workflowInfo().startTime.toISOString();
  const record = (outcome: RunEnd['outcome'], said?: string, within?: '1m'): Promise<void> =>
    quick.recordRun.executeWithOptions(
      { summary: `${module}: record the run`, ...(within ? { scheduleToCloseTimeout: within } : {}) },
      [{ module, outcome, startedAt, counts: desk.read().counts, ...(said ? { detail: said } : {}) }],
    );
  try {
    await work();
    desk.show({ phase: 'done' } as Partial<S>);
    await desk.untilDone(() => record('done', detail(desk.read())));
    return desk.read();
  } catch (error) {
    const outcome = isCancellation(error) ? 'cancelled' : 'failed';
    // Not for ever: a database that is down must not keep a cancelled run alive, nor hide why this one failed.
    await CancellationScope.nonCancellable(() => record(outcome, failureOf(error)?.message, '1m')).catch(
      () => undefined,
    );
    throw error;
  }
}
