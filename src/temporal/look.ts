// What runs right now, as Temporal and the workflows themselves tell it. Only looks, and never waits long: a worker may be down.
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { queries, TASK_QUEUE, type Status } from '../contracts';

export interface RunningWorkflow {
  workflowId: string;
  type: string;
  module: string;
  /** Undefined: no worker has answered. */
  status: Status | undefined;
}

const answerWithinMs = 3_000;
const connectWithinMs = 5_000;
/** A worker asks for work at least once a minute; a server remembers it for some minutes. */
export const freshPollMs = 90_000;

/** Bounds connecting too, which a call's deadline does not. */
export async function inTime<T>(temporal: Client, ms: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  });
  try {
    return await Promise.race([temporal.withDeadline(Date.now() + ms, call), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws where Temporal does not answer. */
export const ping = (temporal: Client, ms: number) =>
  inTime(temporal, ms, () => temporal.workflowService.getSystemInfo({}));

/** What a workflow says of itself; undefined where no worker has answered, or there is no such workflow. */
export const statusOf = <S extends Status>(temporal: Client, workflowId: string): Promise<S | undefined> =>
  inTime(temporal, answerWithinMs, () =>
    temporal.workflow.getHandle(workflowId).query<S>(queries.status),
  ).catch(() => undefined);

/** How the last run of a workflow stands or ended, and when; empty where there is none, or none any more. */
export async function lastRun(
  temporal: Client,
  workflowId: string,
): Promise<{ status?: string; endedMs?: number }> {
  try {
    const { status, closeTime } = await temporal.workflow.getHandle(workflowId).describe();
    return { status: status.name, ...(closeTime ? { endedMs: closeTime.getTime() } : {}) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return {};
    throw error;
  }
}

export interface WorkersSeen {
  count: number;
  /** When one of them last asked for work. Absent: none has. */
  lastMs?: number;
}

/** Who has asked for work lately. One that was killed is among them for a while. */
export async function workersSeen(temporal: Client): Promise<WorkersSeen> {
  const { pollers } = await inTime(temporal, connectWithinMs, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: TASK_QUEUE },
      taskQueueType: proto.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    }),
  );
  const fresh = (pollers ?? [])
    .map(({ identity, lastAccessTime }) => ({ identity, ms: Number(lastAccessTime?.seconds ?? 0) * 1_000 }))
    .filter(({ ms }) => ms > Date.now() - freshPollMs);
  return {
    count: new Set(fresh.map(({ identity }) => identity)).size,
    ...(fresh.length > 0 ? { lastMs: Math.max(...fresh.map(({ ms }) => ms)) } : {}),
  };
}

/** The module of a workflow of ours: `catch-up/Leads`, also with what a schedule or a shard adds. */
export const moduleOf = (workflowId: string): string | undefined =>
  /^[a-z-]+\/([A-Za-z_][A-Za-z0-9_$]*)/.exec(workflowId)?.[1];

/** Of which modules anything runs on our task queue, configured or not. */
export const runningModules = async (temporal: Client): Promise<string[]> => [
  ...new Set((await listRunning(temporal)).map(({ module }) => module)),
];

/** Every workflow that runs on our task queue, each asked for its status. */
export async function runningWorkflows(temporal: Client): Promise<RunningWorkflow[]> {
  const listed = await inTime(temporal, connectWithinMs, () => listRunning(temporal));
  return Promise.all(
    listed.map(async (workflow) => ({ ...workflow, status: await statusOf(temporal, workflow.workflowId) })),
  );
}

/** How many rows of the page in hand are committed, by the last heartbeat of the activity that has it. */
export async function rowsOfPageDone(temporal: Client, workflowId: string): Promise<number | undefined> {
  const { raw } = await temporal.workflow.getHandle(workflowId).describe();
  const { payloadCodecs, payloadConverter } = temporal.options.loadedDataConverter;
  for (const { heartbeatDetails } of raw.pendingActivities ?? []) {
    let payloads = heartbeatDetails?.payloads ?? [];
    for (const codec of payloadCodecs) payloads = await codec.decode(payloads);
    const [details] = payloads.map((payload) => payloadConverter.fromPayload<unknown>(payload));
    if (isProgress(details)) return details.rowsDone;
  }
  return undefined;
}

const isProgress = (details: unknown): details is { rowsDone: number } =>
  typeof (details as { rowsDone?: unknown } | undefined)?.rowsDone === 'number';

async function listRunning(temporal: Client): Promise<Omit<RunningWorkflow, 'status'>[]> {
  const found: Omit<RunningWorkflow, 'status'>[] = [];
  const query = `TaskQueue = '${TASK_QUEUE}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, type } of temporal.workflow.list({ query })) {
    const module = moduleOf(workflowId);
    if (module !== undefined) found.push({ workflowId, type, module });
  }
  return found;
}
