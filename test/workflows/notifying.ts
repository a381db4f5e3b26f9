// NotificationSync under test: hints are sent as the API sends them, re-reads are recorded.
import type { WorkflowHandle } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { Activities, Reread } from '../../src/activities';
import { signals, workflowTypes, type Hint, type NotificationSyncStatus } from '../../src/contracts';
import type { TestTemporal } from '../support/temporal';
import { counts, fakes, type Fakes } from './fakes';

export type Handle = WorkflowHandle<() => Promise<NotificationSyncStatus>>;

export interface Stage extends Fakes {
  handle: Handle;
  reads: Reread[];
  send: (ids: string[], change?: Partial<Hint>) => Promise<void>;
}

let runs = 0;

/** `first` hints are there before any worker is. */
export async function notifying<T>(
  temporal: TestTemporal,
  options: {
    activities?: Partial<Activities>;
    first: (Partial<Hint> & { ids: string[] })[];
    worker?: Partial<WorkerOptions>;
  },
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const taskQueue = `notifying-${(runs += 1)}`;
  const workflowId = `notification-sync/${runs}`;
  const reads: Reread[] = [];
  const cast = fakes(temporal.client, {
    rereadRecords: async (request) => {
      reads.push(request);
      return { counts: counts({ read: request.ids.length, updated: request.ids.length }), again: [] };
    },
    ...options.activities,
  });
  const send: Stage['send'] = async (ids, change = {}) => {
    await temporal.client.workflow.signalWithStart(workflowTypes.notificationSync, {
      taskQueue,
      workflowId,
      args: [{ module: 'Leads' }],
      signal: signals.recordsChanged,
      signalArgs: [
        { ids, operation: 'update', receivedAt: '2026-03-01T10:00:00.000Z', ...change } satisfies Hint,
      ],
    });
  };
  for (const { ids, ...change } of options.first) await send(ids, change);
  const handle: Handle = temporal.client.workflow.getHandle(workflowId);
  return temporal.withWorker(cast.activities, () => act({ ...cast, handle, reads, send }), {
    ...options.worker,
    taskQueue,
  });
}

export const many = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_unused, index) => `${from + index}`);
