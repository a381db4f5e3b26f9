// At start: every module that was completely loaded once has its channel and schedules, is loaded again when what is mirrored has changed,
// and goes on where it was degraded. What an operator cancelled or paused stays so.
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { asFailure, type Deps } from '../activities';
import { updates, workflowIds } from '../contracts';
import { waitFor, type Log } from '../process';
import {
  endOfInitialSync,
  ensureChannel,
  ensureSchedules,
  lastRun,
  requestCatchUp,
  wakeDegraded,
} from '../temporal';
import { ZohoError } from '../zoho';
import { applyChanges } from './load-again';

const hourMs = 3_600_000;

export interface Ensuring {
  stopping: AbortSignal;
  /** How time passes between two tries of what only a person can mend. */
  pause?: (ms: number, stopping: AbortSignal) => Promise<void>;
}

/** Does one step until it works. */
type Step = <T>(what: string, attempt: () => Promise<T>) => Promise<T>;

/**
 * Each module by itself, and each step until it worked: Zoho may be down when a worker starts. A step that is done is not repeated for the
 * sake of a later one: it would ring, wake and spend credits each time.
 */
export async function ensureModules(deps: Deps, log: Log, ensuring: Ensuring): Promise<void> {
  const modules = Object.keys(deps.config.modules);
  await Promise.allSettled(
    modules.map((module) =>
      ensureModule(deps, module, {
        log,
        step: (what, attempt) => insist(attempt, `${what} of ${module}`, { log, ...ensuring }),
      }),
    ),
  );
}

async function ensureModule(
  deps: Deps,
  module: string,
  { log, step }: { log: Log; step: Step },
): Promise<void> {
  const { config, db, temporal } = deps;
  // Which of them are degraded, and whether they may try, they know: not what is paused or waits for a decision.
  await step('another try', () => wakeDegraded(temporal, module));
  if (!config.publicUrl) await step('the end of the channel', () => endChannel(temporal, module, log));
  const { watermark } = await step('the watermark', () => db.state(module));
  if (watermark !== undefined) {
    const isNew = await step('the schedules', () => ensureSchedules(temporal, module, config.schedules));
    // Temporal has lost its storage, or the module was taken out for a while: notifications may have been lost with it.
    if (isNew) await step('a catch-up', () => requestCatchUp(temporal, module, {}));
    const cancelled = isNew ? 'start' : 'leave';
    if (config.publicUrl) await step('the channel', () => keepChannel(temporal, module, { log, cancelled }));
  }
  await step('what is mirrored', async () => {
    // A load that is under way has the settings of its start, and cannot be told of others.
    await endOfInitialSync(temporal, module);
    await applyChanges(deps, module, log);
  });
}

/** Soon again what passes by itself; where a person must act, as often as a workflow tries: each try may cost credits. */
async function insist<T>(
  attempt: () => Promise<T>,
  what: string,
  { log, stopping, pause = untilLater }: Ensuring & { log: Log },
): Promise<T> {
  for (;;) {
    try {
      return await waitFor(attempt, { what, log, stopping, worthWaiting: (error) => restMs(error) === 0 });
    } catch (error) {
      const waitMs = restMs(error);
      if (stopping.aborted || waitMs === 0) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(
        { reason, nextTryInMs: waitMs },
        `${what} cannot be ensured; tried again later, or at the next start`,
      );
      await pause(waitMs, stopping);
    }
  }
}

/** How long a step rests after an error; 0 for one that is tried again soon. */
function restMs(error: unknown): number {
  const failure = asFailure(error);
  if (failure instanceof ApplicationFailure && failure.nonRetryable) return hourMs;
  return error instanceof ZohoError ? (error.waitMs ?? 0) : 0;
}

const untilLater: NonNullable<Ensuring['pause']> = (ms, signal) => delay(ms, undefined, { signal });

/**
 * Renews at once: URL, secret or lifetime may have changed. One that was cancelled stays so, unless the module's schedules are gone too: then
 * the module was taken out, and is back.
 */
async function keepChannel(
  temporal: Client,
  module: string,
  { log, cancelled }: { log: Log; cancelled: 'start' | 'leave' },
): Promise<void> {
  const { status } = await lastRun(temporal, workflowIds.channelRenewal(module));
  if (status === 'CANCELLED' && cancelled === 'leave') return;
  try {
    await ensureChannel(temporal, module);
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    log.warn({ module, reason: error.cause?.message }, 'the channel is left as it is');
  }
}

/**
 * Without PUBLIC_URL a channel cannot be renewed, and what it notifies goes nowhere. Its workflow finds that out by a try, unsubscribes and
 * fails; so it is not taken for one that an operator cancelled, and starts again when there is a URL.
 */
async function endChannel(temporal: Client, module: string, log: Log): Promise<void> {
  const workflowId = workflowIds.channelRenewal(module);
  if ((await lastRun(temporal, workflowId)).status !== 'RUNNING') return;
  log.warn({ module }, 'PUBLIC_URL is not set: ending the notification channel; the mirror polls');
  await temporal.workflow.getHandle(workflowId).executeUpdate(updates.resume);
}
