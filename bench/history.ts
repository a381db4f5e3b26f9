// What a workflow's history tells about its speed: from Zoho's word that the export is ready to the last commit.
import type { Client } from '@temporalio/client';
import { signals } from '../src/contracts';

export interface LoadTimes {
  seconds: number;
  /** Of the export loop: from the creation of the first job to the last loaded page. */
  events: number;
  /** Of the whole run, with its steps before and after the pages. */
  eventsInAll: number;
}

const seconds = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) + (time?.nanos ?? 0) / 1e9;

export async function loadTimes(client: Client, workflowId: string, runId: string): Promise<LoadTimes> {
  const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const all = events ?? [];
  const ready = all.find(
    (event) => event.workflowExecutionSignaledEventAttributes?.signalName === signals.jobFinished,
  );
  const loads = new Set(
    all
      .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'loadPage')
      .map((event) => String(event.eventId)),
  );
  const loaded = all.filter((event) =>
    loads.has(String(event.activityTaskCompletedEventAttributes?.scheduledEventId)),
  );
  const last = loaded.at(-1);
  const first = all.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'createExport',
  );
  if (!ready || !last || !first) throw new Error('The history shows no loaded page');
  return {
    seconds: seconds(last.eventTime) - seconds(ready.eventTime),
    events: Number(last.eventId) - Number(first.eventId) + 1,
    eventsInAll: all.length,
  };
}

/** Events of all runs of a workflow id so far, those that continued as new included. */
export async function eventsOf(client: Client, workflowId: string): Promise<number> {
  // The list is a little late; the newest run is known anyway.
  const runIds = new Set([(await client.workflow.getHandle(workflowId).describe()).runId]);
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` }))
    runIds.add(runId);
  let events = 0;
  for (const runId of runIds)
    events += (await client.workflow.getHandle(workflowId, runId).describe()).historyLength;
  return events;
}
