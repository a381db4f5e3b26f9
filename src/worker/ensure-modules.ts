// At start: every module that was completely loaded once has its channel and schedules, is loaded again when its mapping has changed,
// and goes on where it was degraded. What an operator cancelled or paused stays so.
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { createTemporalActivities } from '../activities/temporal';
import type { Deps } from '../activities';
import { queries, TASK_QUEUE, updates, workflowIds, workflowTypes, type Status } from '../contracts';
import type { Log } from '../process';

export async function ensureModules(deps: Deps, log: Log): Promise<void> {
  for (const module of Object.keys(deps.config.modules)) {
    try {
      await ensureModule(deps, module, log);
    } catch (error) {
      log.warn({ module, reason: error instanceof Error ? error.message : String(error) }, 'module not ensured');
    }
  }
}

async function ensureModule(deps: Deps, module: string, log: Log): Promise<void> {
  await resumeDegraded(deps.temporal, module, log);
  const { watermark, fingerprint } = await deps.db.state(module);
  if (watermark === undefined) return;
  const { ensureChannel, ensureSchedules } = createTemporalActivities(deps);
  await ensureSchedules(module);
  if (deps.config.publicUrl && !(await wasCancelled(deps.temporal, workflowIds.channelRenewal(module)))) await ensureChannel(module);
  const { mapping } = await deps.catalog.plan(module);
  if (mapping.fingerprint !== fingerprint) await reload(deps.temporal, module, log);
}

async function resumeDegraded(temporal: Client, module: string, log: Log): Promise<void> {
  for (const workflowId of Object.values(workflowIds).map((idOf) => idOf(module))) {
    const handle = temporal.workflow.getHandle(workflowId);
    const { status } = await describe(temporal, workflowId);
    if (status !== 'RUNNING') continue;
    const { health, phase } = await handle.query<Status>(queries.status);
    if (health !== 'degraded' || phase === 'paused') continue;
    log.info({ workflowId }, 'resuming what was degraded');
    await handle.executeUpdate(workflowId === workflowIds.channelRenewal(module) ? updates.renewNow : updates.resume);
  }
}

async function reload(temporal: Client, module: string, log: Log): Promise<void> {
  log.info({ module }, 'the mapping has changed; loading again');
  await temporal.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync(module),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ module }],
    staticSummary: `Loads ${module} again: its mapping has changed`,
  });
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
