// Waits for a workflow's end and says meanwhile, on standard error, what it is busy with.
import type { Client } from '@temporalio/client';
import { queries, type Status } from '../contracts';
import { printProgress } from './print';

const lookEveryMs = 2_000;

/** The workflow's result. A line is printed whenever what it says of itself has changed. */
export async function follow<S extends Status>(
  temporal: Client,
  workflowId: string,
  describe: (status: S) => string,
): Promise<S> {
  const handle = temporal.workflow.getHandle(workflowId);
  let said = '';
  const look = async (): Promise<void> => {
    // A worker that is down answers no query; the workflow goes on when it is back.
    const status = await handle.query<S>(queries.status).catch(() => undefined);
    const line = status === undefined ? 'no worker answers; start one with `npm run worker`' : lineOf(status);
    if (line !== said) printProgress((said = line));
  };
  const lineOf = (status: S): string =>
    [
      describe(status),
      ...(status.waiting ? [status.waiting] : []),
      ...(status.lastError ? [`needs you: ${status.lastError}`] : []),
    ].join(' · ');
  const timer = setInterval(() => void look(), lookEveryMs);
  try {
    return (await handle.result()) as S;
  } finally {
    clearInterval(timer);
  }
}
