// Waits for a workflow's end and says meanwhile, on standard error, what it is busy with; in a terminal with a bar for the page in hand.
import type { Client } from '@temporalio/client';
import { queries, type LoadStatus, type Status } from '../contracts';
import { rowsOfPageDone } from '../temporal';
import { Progress } from './progress';

const lookEveryMs = 1_000;

/** The workflow's result. A line is printed whenever what it says of itself has changed. */
export async function follow<S extends Status>(
  temporal: Client,
  workflowId: string,
  describe: (status: S) => string,
): Promise<S> {
  const handle = temporal.workflow.getHandle(workflowId);
  const progress = new Progress(process.stderr);
  const look = async (): Promise<void> => {
    // A worker that is down answers no query; the workflow goes on when it is back.
    const status = await handle.query<S>(queries.status).catch(() => undefined);
    progress.say(status === undefined ? 'no worker answers; start one: zoho-mirror start' : lineOf(status));
    const page = status && pageInHand(status);
    if (page === undefined || !progress.hasBar) return progress.clear();
    const done = await rowsOfPageDone(temporal, workflowId).catch(() => undefined);
    progress.show({ title: `page ${page.number}`, done: done ?? 0, of: page.rows });
  };
  const lineOf = (status: S): string =>
    [
      describe(status),
      ...(status.waiting ? [status.waiting] : []),
      ...(status.lastError ? [`needs you: ${status.lastError}`] : []),
    ].join(' · ');
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, lookEveryMs);
  try {
    return (await handle.result()) as S;
  } finally {
    clearInterval(timer);
    progress.end();
  }
}

/** Only while rows go in or are compared: then it is known how many there are. */
const pageInHand = (status: Status): LoadStatus['page'] =>
  status.phase === 'loading' || status.phase === 'comparing' ? (status as LoadStatus).page : undefined;
