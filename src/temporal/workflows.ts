// The mirror's own workflows, as their clients see them: started, joined, signalled. Ids are fixed, so doing it twice does it once.
import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WithStartWorkflowOperation,
  type Client,
  type ScheduleOptionsAction,
  type ScheduleUpdateOptions,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { defineUpdate } from '@temporalio/workflow';
import {
  queries,
  scheduleIds,
  signals,
  TASK_QUEUE,
  updates,
  workflowIds,
  workflowTypes,
  type CatchUpInput,
  type CatchUpRequest,
  type ChannelRenewalInput,
  type ChannelStatus,
  type Hint,
  type NotificationSyncInput,
  type NotificationSyncStatus,
  type ReconcileInput,
} from '../contracts';

type ChannelRenewal = (input: ChannelRenewalInput) => Promise<ChannelStatus>;
const renewNow = defineUpdate<ChannelStatus>(updates.renewNow);
const pause = defineUpdate<NotificationSyncStatus>(updates.pause);

type NotificationSync = (input: NotificationSyncInput) => Promise<NotificationSyncStatus>;

const silenceMs = 60 * 60_000;
/** A signal stays far below the payload limit with this many ids. */
const idsPerSignal = 500;

/** Hands hints to NotificationSync, starting it if need be. Resolves when Temporal has durably accepted them. */
export async function sendHints(temporal: Client, module: string, hint: Hint): Promise<void> {
  for (let at = 0; at < hint.ids.length; at += idsPerSignal) {
    await temporal.workflow.signalWithStart(workflowTypes.notificationSync, {
      ...notificationSync(module),
      signal: signals.recordsChanged,
      signalArgs: [
        { ...hint, ids: hint.ids.slice(at, at + idsPerSignal), ...(at > 0 ? { notifications: 0 } : {}) },
      ],
    });
  }
}

/** Pauses NotificationSync, starting it if need be: hints that come wait there. */
export const holdNotifications = (temporal: Client, module: string): Promise<NotificationSyncStatus> =>
  temporal.workflow.executeUpdateWithStart(pause, {
    args: [],
    startWorkflowOperation: new WithStartWorkflowOperation<NotificationSync>(workflowTypes.notificationSync, {
      ...notificationSync(module),
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  });

/** One that is running already is joined. */
export type Begun = 'started' | 'joined';

export const startInitialSync = (temporal: Client, module: string, summary: string): Promise<Begun> =>
  startOrJoin(temporal, workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync(module),
    args: [{ module }],
    staticSummary: summary,
  });

async function startOrJoin(temporal: Client, type: string, options: WorkflowStartOptions): Promise<Begun> {
  try {
    await temporal.workflow.start(type, { ...options, workflowIdConflictPolicy: 'FAIL' });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'joined';
    throw error;
  }
}

/** Waits until no InitialSync of the module is running. */
export async function endOfInitialSync(temporal: Client, module: string): Promise<void> {
  const handle = temporal.workflow.getHandle(workflowIds.initialSync(module));
  try {
    await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError || error instanceof WorkflowFailedError)) throw error;
  }
}

/** Starts ChannelRenewal or wakes the running one; answers once a renewal has been tried. */
export const ensureChannel = (temporal: Client, module: string): Promise<ChannelStatus> =>
  temporal.workflow.executeUpdateWithStart(renewNow, {
    args: [],
    startWorkflowOperation: new WithStartWorkflowOperation<ChannelRenewal>(workflowTypes.channelRenewal, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.channelRenewal(module),
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ module }],
      staticSummary: `Keeps Zoho's notification channel for ${module} alive`,
    }),
  });

/** Cancels ChannelRenewal, which unsubscribes. */
export async function giveUpChannel(temporal: Client, module: string): Promise<void> {
  try {
    await temporal.workflow.getHandle(workflowIds.channelRenewal(module)).cancel();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Starts CatchUpSync, or asks the running one to go round once more. */
export async function requestCatchUp(
  temporal: Client,
  module: string,
  request: CatchUpRequest,
): Promise<void> {
  await temporal.workflow.signalWithStart(workflowTypes.catchUpSync, {
    ...catchUp(module),
    args: [{ module, ...request } satisfies CatchUpInput],
    signal: signals.catchUpAgain,
    signalArgs: [request],
  });
}

/**
 * Tells the module's running workflows that Zoho or the database can be reached again. Which of them are degraded, and may try by
 * themselves, they know best. What a schedule started has a time behind its id.
 */
export async function wakeDegraded(temporal: Client, module: string, except?: string): Promise<void> {
  const ids = Object.values(workflowIds).map((idOf) => idOf(module));
  const scheduled = [workflowIds.catchUp(module), workflowIds.reconcile(module)]
    .map((id) => `WorkflowId STARTS_WITH "${id}-"`)
    .join(' OR ');
  const query = `(${scheduled}) AND ExecutionStatus = "Running"`;
  for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId);
  for (const workflowId of ids.filter((id) => id !== except))
    await signalIfRunning(temporal, workflowId, signals.tryAgain);
}

/** Tells ChannelRenewal when no notification of the module has arrived for an hour. */
export async function doubtSilentChannel(temporal: Client, module: string, nowMs: number): Promise<void> {
  const lastHintAt = await lastHint(temporal, workflowIds.notificationSync(module));
  if (lastHintAt !== undefined && nowMs - Date.parse(lastHintAt) < silenceMs) return;
  await signalIfRunning(temporal, workflowIds.channelRenewal(module), signals.channelDoubted);
}

async function lastHint(temporal: Client, workflowId: string): Promise<string | undefined> {
  const handle = temporal.workflow.getHandle<NotificationSync>(workflowId);
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING')
      return (await handle.query<NotificationSyncStatus>(queries.status)).lastHintAt;
    return status.name === 'COMPLETED' ? (await handle.result()).lastHintAt : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function signalIfRunning(temporal: Client, workflowId: string, signal: string): Promise<void> {
  try {
    await temporal.workflow.getHandle(workflowId).signal(signal);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

export const startDryRun = (temporal: Client, module: string): Promise<Begun> =>
  startOrJoin(temporal, workflowTypes.dryRun, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.dryRun(module),
    args: [{ module }],
    staticSummary: `Says what a load of ${module} would do`,
  });

/** Starts Reconcile. Throws WorkflowExecutionAlreadyStartedError while one runs: it may have been asked for something else. */
export async function startReconcile(temporal: Client, input: ReconcileInput): Promise<void> {
  await temporal.workflow.start(workflowTypes.reconcile, {
    ...reconcile(input.module),
    workflowIdConflictPolicy: 'FAIL',
    args: [input],
  });
}

/**
 * Creates the module's schedules, or brings them up to date. A pause by an operator stays. Answers whether there was none for catching
 * up.
 */
export async function ensureSchedules(
  temporal: Client,
  module: string,
  every: { catchUpMs: number; reconcileMs: number },
): Promise<boolean> {
  const isNew = await ensureSchedule(temporal, {
    scheduleId: scheduleIds.catchUp(module),
    everyMs: every.catchUpMs,
    action: { workflowType: workflowTypes.catchUpSync, ...catchUp(module), args: [{ module }] },
  });
  await ensureSchedule(temporal, {
    scheduleId: scheduleIds.reconcile(module),
    everyMs: every.reconcileMs,
    action: {
      workflowType: workflowTypes.reconcile,
      ...reconcile(module),
      // An export of every field costs the credits of one of id and Modified_Time, and finds what was changed by hand.
      args: [{ module, repair: true, fields: true } satisfies ReconcileInput],
    },
  });
  return isNew;
}

type Action = Omit<Extract<ScheduleOptionsAction, { type: 'startWorkflow' }>, 'type'>;

async function ensureSchedule(
  temporal: Client,
  { scheduleId, everyMs, action: what }: { scheduleId: string; everyMs: number; action: Action },
): Promise<boolean> {
  const spec = { intervals: [{ every: everyMs }] };
  const action = { type: 'startWorkflow' as const, ...what };
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: everyMs };
  try {
    await temporal.schedule.create({ scheduleId, spec, action, policies });
    return true;
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await temporal.schedule.getHandle(scheduleId).update(({ state }) => ({
      state,
      spec,
      action: action as ScheduleUpdateOptions['action'],
      policies,
    }));
    return false;
  }
}

const reconcile = (module: string) => ({
  taskQueue: TASK_QUEUE,
  workflowId: workflowIds.reconcile(module),
  staticSummary: `Compares ${module} with its table`,
});

const catchUp = (module: string) => ({
  taskQueue: TASK_QUEUE,
  workflowId: workflowIds.catchUp(module),
  staticSummary: `Reads what changed in ${module} since the watermark`,
});

const notificationSync = (module: string) => ({
  taskQueue: TASK_QUEUE,
  workflowId: workflowIds.notificationSync(module),
  args: [{ module }] as [NotificationSyncInput],
  staticSummary: `Applies notified changes of ${module}`,
});
