// Other workflows of the same module: started, joined, signalled. Ids are fixed, so doing it twice does it once.
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { defineUpdate } from '@temporalio/workflow';
import {
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
} from '../contracts';
import type { Deps } from './deps';

type ChannelRenewal = (input: ChannelRenewalInput) => Promise<ChannelStatus>;
const renewNow = defineUpdate<ChannelStatus>(updates.renewNow);

/** A signal stays far below the payload limit with this many ids. */
const idsPerSignal = 500;

/** Hands hints to NotificationSync, starting it if need be. Resolves when Temporal has durably accepted them. */
export async function sendHints(temporal: Client, module: string, hint: Hint): Promise<void> {
  for (let at = 0; at < hint.ids.length; at += idsPerSignal) {
    await temporal.workflow.signalWithStart(workflowTypes.notificationSync, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.notificationSync(module),
      args: [{ module }],
      signal: signals.recordsChanged,
      signalArgs: [{ ...hint, ids: hint.ids.slice(at, at + idsPerSignal) }],
      staticSummary: `Applies notified changes of ${module}`,
    });
  }
}

export const createTemporalActivities = ({ temporal, config }: Deps) => ({
  /** Starts ChannelRenewal or wakes the running one; answers once a renewal has been tried. */
  async ensureChannel(module: string): Promise<ChannelStatus> {
    return temporal.workflow.executeUpdateWithStart(renewNow, {
      args: [],
      startWorkflowOperation: new WithStartWorkflowOperation<ChannelRenewal>(workflowTypes.channelRenewal, {
        taskQueue: TASK_QUEUE,
        workflowId: workflowIds.channelRenewal(module),
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [{ module }],
        staticSummary: `Keeps Zoho's notification channel for ${module} alive`,
      }),
    });
  },

  /** Starts CatchUpSync, or asks the running one to go round once more. */
  async requestCatchUp(module: string, request: CatchUpRequest): Promise<void> {
    await temporal.workflow.signalWithStart(workflowTypes.catchUpSync, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.catchUp(module),
      args: [{ module, ...request } satisfies CatchUpInput],
      signal: signals.catchUpAgain,
      signalArgs: [request],
      staticSummary: `Reads what changed in ${module} since the watermark`,
    });
  },

  /** Creates the module's schedules, or brings them up to date. A pause by an operator stays. */
  async ensureSchedules(module: string): Promise<void> {
    const spec = { intervals: [{ every: config.schedules.catchUpMs }] };
    const action = {
      type: 'startWorkflow' as const,
      workflowType: workflowTypes.catchUpSync,
      workflowId: workflowIds.catchUp(module),
      taskQueue: TASK_QUEUE,
      args: [{ module }],
      staticSummary: `Reads what changed in ${module} since the watermark`,
    };
    const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: config.schedules.catchUpMs };
    try {
      await temporal.schedule.create({ scheduleId: scheduleIds.catchUp(module), spec, action, policies });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const handle = temporal.schedule.getHandle(scheduleIds.catchUp(module));
      await handle.update(({ state }) => ({ state, spec, action, policies }));
    }
  },
});
