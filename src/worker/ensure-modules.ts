// At start: every module that was completely loaded once has its channel and schedules, is loaded again when its mapping has changed,
// and goes on where it was degraded. What an operator cancelled or paused stays so.
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Deps } from '../activities';
import { queries, updates, workflowIds, type Status } from '../contracts';
import { waitFor, type Log } from '../process';
import { ensureChannel, ensureSchedules, startInitialSync } from '../temporal';

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

async function ensureModule(
  { config, db, catalog, temporal }: Deps,
  module: string,
  log: Log,
): Promise<void> {
  await resumeDegraded(temporal, module, log);
  const { watermark, fingerprint } = await db.state(module);
  if (watermark === undefined) return;
  await ensureSchedules(temporal, module, config.schedules);
  if (config.publicUrl && !(await wasCancelled(temporal, workflowIds.channelRenewal(module))))
    await ensureChannel(temporal, module);
  const { mapping } = await catalog.plan(module);
  if (mapping.fingerprint === fingerprint) return;
  log.info({ module }, 'the mapping has changed; loading again');
  await startInitialSync(temporal, module, `Loads ${module} again: its mapping has changed`);
}

async function resumeDegraded(temporal: Client, module: string, log: Log): Promise<void> {
  for (const workflowId of Object.values(workflowIds).map((idOf) => idOf(module))) {
    const handle = temporal.workflow.getHandle(workflowId);
    const { status } = await describe(temporal, workflowId);
    if (status !== 'RUNNING') continue;
    const { health, phase } = await handle.query<Status>(queries.status);
    // A sweep or a comparison that found too many rows missing goes on only when a person says so; any other trouble of a sweep mends hourly.
    if (health !== 'degraded' || phase === 'paused' || phase === 'sweeping' || phase === 'asking') continue;
    log.info({ workflowId }, 'resuming what was degraded');
    await handle.executeUpdate(
      workflowId === workflowIds.channelRenewal(module) ? updates.renewNow : updates.resume,
    );
  }
}

const wasCancelled = async (temporal: Client, workflowId: string): Promise<boolean> =>
  (await describe(temporal, workflowId)).status === 'CANCELLED';

async function describe(temporal: Client, workflowId: string): Promise<{ status?: string }> {
  try {
    const { status } = await temporal.workflow.getHandle(workflowId).describe();
    return { status: status.name };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return {};
    throw error;
  }
}
