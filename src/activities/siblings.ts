// Other workflows of the same module, reached from a workflow by way of a client: joined if they run, started if they do not.
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { CatchUpRequest, ChannelStatus } from '../contracts';
import { doubtSilentChannel, ensureChannel, requestCatchUp, wakeDegraded } from '../temporal';
import type { Deps } from './deps';

export const createSiblingActivities = ({ temporal }: Deps) => ({
  /** Answers once ChannelRenewal has tried a renewal. */
  ensureChannel: (module: string): Promise<ChannelStatus> =>
    // An attempt that has timed out must not keep its slot: the renewal that it waits for may need one.
    temporal.withAbortSignal(cancellationSignal(), () => ensureChannel(temporal, module)),

  requestCatchUp: (module: string, request: CatchUpRequest): Promise<void> =>
    requestCatchUp(temporal, module, request),

  /** Changes had to be caught up with: if none has been notified for an hour, the channel is not believed any more. */
  doubtSilentChannel: (module: string): Promise<void> => doubtSilentChannel(temporal, module, Date.now()),

  /** Lets the module's other workflows try again what is degraded. */
  wakeSiblings: (module: string): Promise<void> =>
    wakeDegraded(temporal, module, activityInfo().workflowExecution!.workflowId),
});
