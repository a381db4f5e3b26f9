// At start: every module that was completely loaded once has its channel and schedules, is loaded again when its mapping has changed,
// and goes on where it was degraded. What an operator cancelled or paused stays so.
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { Deps } from '../activities';
import { updates, workflowIds } from '../contracts';
import { waitFor, type Log } from '../process';
import { ensureChannel, ensureSchedules, requestCatchUp, startInitialSync, wakeDegraded } from '../temporal';

/** Each module by itself, and each until it worked: Zoho may be down when a worker starts. */
export async function ensureModules(deps: Deps, log: Log, stopping: AbortSignal): Promise<void> {
  const modules = Object.keys(deps.config.modules);
  await Promise.allSettled(
    modules.map((module) =>
      waitFor(() => ensureModule(deps, module, log), {
        what: `channel and schedules of ${module}`,
        log,
        stopping,
      }),
    ),
  );
}

async function ensureModule(deps: Deps, module: string, log: Log): Promise<void> {
  const { config, db, catalog, temporal } = deps;
  // Which of them are degraded, and whether they may try, they know: not what is paused or waits for a decision.
  await wakeDegraded(temporal, module);
  if (!config.publicUrl) await endChannel(temporal, module, log);
  const { watermark, fingerprint } = await db.state(module);
  if (watermark === undefined) return;
  const isNew = await ensureSchedules(temporal, module, config.schedules);
  // Temporal has lost its storage: notifications may have been lost with it.
  if (isNew) await requestCatchUp(temporal, module, {});
  if (config.publicUrl) await keepChannel(temporal, module, log);
  const { mapping } = await catalog.plan(module);
  if (mapping.fingerprint === fingerprint) return;
  log.info({ module }, 'the mapping has changed; loading again');
  await startInitialSync(temporal, module, `Loads ${module} again: its mapping has changed`);
}

/** Renews at once: URL, secret or lifetime may have changed. */
async function keepChannel(temporal: Client, module: string, log: Log): Promise<void> {
  if ((await statusOf(temporal, workflowIds.channelRenewal(module))) === 'CANCELLED') return;
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
  if ((await statusOf(temporal, workflowId)) !== 'RUNNING') return;
  log.warn({ module }, 'PUBLIC_URL is not set: ending the notification channel; the mirror polls');
  await temporal.workflow.getHandle(workflowId).executeUpdate(updates.resume);
}

async function statusOf(temporal: Client, workflowId: string): Promise<string | undefined> {
  try {
    return (await temporal.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
