// What Temporal was told of notifications, read out of the histories of NotificationSync.
import { defaultPayloadConverter, type Client } from '@temporalio/client';
import { signals, workflowTypes, type Hint } from '../../src/contracts';

export interface Hints {
  /** Notifications that Temporal has taken; one signal may stand for several. */
  count: number;
  /** Of NotificationSync: each goes on where the one before it ended. */
  runs: number;
  /** Id → when it was last named, this machine's clock. */
  lastMs: ReadonlyMap<string, number>;
}

export async function acceptedHints(client: Client): Promise<Hints> {
  const lastMs = new Map<string, number>();
  let count = 0;
  let runs = 0;
  const query = `WorkflowType = '${workflowTypes.notificationSync}'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    runs += 1;
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { eventTime, workflowExecutionSignaledEventAttributes: signal } of events ?? []) {
      if (signal?.signalName !== signals.recordsChanged) continue;
      const at = Number(eventTime?.seconds ?? 0) * 1_000 + Math.floor((eventTime?.nanos ?? 0) / 1e6);
      const payload = signal.input?.payloads?.[0];
      const hint = payload && defaultPayloadConverter.fromPayload<Hint>(payload);
      count += hint?.notifications ?? 1;
      for (const id of hint?.ids ?? []) lastMs.set(id, Math.max(lastMs.get(id) ?? 0, at));
    }
  }
  return { count, runs, lastMs };
}
