// What a scenario is, and what several of them are made of.
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../src/activities';
import type { Hint, LoadStatus, Status } from '../../src/contracts';
import type { TestTemporal } from '../support/temporal';
import { chainOf } from '../workflows/fakes';
import { reaches } from '../workflows/reaches';

export type Handle = WorkflowHandle<() => Promise<Status>>;

export interface Scenario {
  type: string;
  activities: (temporal: TestTemporal) => Partial<Activities>;
  /** Beside the module. */
  input?: object;
  /** Ends when the history is worth keeping. */
  act: (handle: Handle) => Promise<unknown>;
  /** Settings of a server of its own. */
  server?: readonly string[];
}

export const result = (handle: Handle): Promise<unknown> => handle.result().catch(() => undefined);

/** Fails as often as there are failures, then works. */
export const failing =
  <A extends unknown[], R>(failures: Error[], work: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    const failure = failures.shift();
    if (failure) throw failure;
    return work(...args);
  };

export const chain = (
  temporal: TestTemporal,
  pages: number,
): Pick<Activities, 'createExport' | 'readExport'> => {
  const { createExport, readExport } = chainOf(temporal.client, pages);
  return { createExport, readExport };
};

export const degraded = (handle: Handle): Promise<unknown> =>
  reaches(handle, 'degraded', ({ health }) => health === 'degraded');

export const readAtLeast = (handle: Handle, rows: number): Promise<unknown> =>
  reaches(handle, `${rows} read`, (status) => (status as LoadStatus).counts.read >= rows);

export const hint = (id: string): Hint => ({
  ids: [id],
  operation: 'update',
  receivedAt: '2026-03-01T10:00:00.000Z',
});
