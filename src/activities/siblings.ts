// Other workflows of the same module, reached from a workflow by way of a client: joined if they run, started if they do not.
import { activityInfo, ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { CatchUpRequest, ChannelStatus, ErrorType } from '../contracts';
import {
  doubtSilentChannel,
  ensureChannel,
  requestCatchUp,
  startInitialSync,
  wakeDegraded,
} from '../temporal';
import type { Deps } from './deps';
import { failure } from './failures';

export const createSiblingActivities = ({ temporal }: Deps) => ({
  /** Answers once ChannelRenewal has tried a renewal. */
  async ensureChannel(module: string): Promise<ChannelStatus> {
    try {
      // An attempt that has timed out must not keep its slot: the renewal that it waits for may need one.
      return await temporal.withAbortSignal(cancellationSignal(), () => ensureChannel(temporal, module));
    } catch (error) {
      // It refuses to renew while an operator has paused it.
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      const { cause } = error;
      const paused =
        cause instanceof ApplicationFailure && cause.type === ('ChannelPaused' satisfies ErrorType);
      const reason = cause?.message ?? 'ChannelRenewal does not renew';
      throw failure(
        paused ? 'ChannelPaused' : 'ZohoPermanent',
        `${module} has no channel that is known to be alive: ${reason}`,
      );
    }
  },

  /** Joins a load that is under way. */
  async startLoad(module: string): Promise<void> {
    await startInitialSync(temporal, module, `Loads ${module} again, because an operator has asked for it`);
  },

  requestCatchUp: (module: string, request: CatchUpRequest): Promise<void> =>
    requestCatchUp(temporal, module, request),

  /** Changes had to be caught up with: if none has been notified for an hour, the channel is not believed any more. */
  doubtSilentChannel: (module: string): Promise<void> => doubtSilentChannel(temporal, module, Date.now()),

  /** Lets the module's other workflows try again what is degraded. */
  wakeSiblings: (module: string): Promise<void> =>
    wakeDegraded(temporal, module, activityInfo().workflowExecution!.workflowId),
});
