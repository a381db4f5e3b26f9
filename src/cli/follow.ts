// Waits for a workflow's end and says meanwhile, on standard error, what it is busy with; in a terminal with a bar for the page in hand.
import type { Client } from '@temporalio/client';
import type { LoadStatus, Status } from '../contracts';
import { moduleOf, rowsOfPageDone, statusOf, workersSeen, type Begun } from '../temporal';
import { printLine, printProgress } from './print';
import { Progress } from './progress';

const lookEveryMs = 1_000;

export const noWorkerAnswers = (workflowId: string): string =>
  `no worker answers: ${workflowId} waits in Temporal, and goes on by itself as soon as one does. Start one: zoho-mirror start`;

/** With `--detach`: what has become of it, and whether anybody is there to do it. */
export async function sayBegun(
  temporal: Client,
  workflowId: string,
  begun: Begun | 'asked for',
): Promise<void> {
  printLine(
    begun === 'joined' ? `${workflowId} is running already; nothing was started` : `${begun} ${workflowId}`,
  );
  const { count } = await workersSeen(temporal);
  if (count === 0) printProgress(noWorkerAnswers(workflowId));
}

/** The workflow's result. A line is printed whenever what it says of itself has changed. */
export async function follow<S extends Status>(
  temporal: Client,
  workflowId: string,
  { begun, describe }: { begun?: Begun; describe: (status: S) => string },
): Promise<S> {
  const progress = new Progress(process.stderr);
  if (begun === 'joined') progress.say(`${workflowId} is running already: following it`);
  const look = async (): Promise<void> => {
    const status = await statusOf<S>(temporal, workflowId);
    progress.say(status === undefined ? noWorkerAnswers(workflowId) : lineOf(status));
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
  const leave = (): never => {
    progress.say(
      `${workflowId} goes on without this command. See it: zoho-mirror status ${moduleOf(workflowId)}; ` +
        `hold it: zoho-mirror pause ${workflowId}; end it: temporal workflow cancel --workflow-id ${workflowId}`,
    );
    process.exit(leftBySigint);
  };
  process.once('SIGINT', leave);
  try {
    return (await temporal.workflow.getHandle(workflowId).result()) as S;
  } finally {
    process.off('SIGINT', leave);
    clearInterval(timer);
    progress.end();
  }
}

/** As shells have it. */
const leftBySigint = 130;

/** Only while rows go in or are compared: then it is known how many there are. */
const pageInHand = (status: Status): LoadStatus['page'] =>
  status.phase === 'loading' || status.phase === 'comparing' ? (status as LoadStatus).page : undefined;
