// The shape of a line of the worker's log: what the SDK gives is cut down to what an operator reads, and says no value of a record.
import { ApplicationFailure } from '@temporalio/common';
import { createLog } from '../../src/process';
import { sdkLogger } from '../../src/worker/sdk-log';

/** As the SDK describes an activity. */
const activity = {
  sdkComponent: 'worker',
  isLocal: false,
  attempt: 1,
  namespace: 'default',
  taskToken: 'CiQwMTk5',
  workflowId: 'initial-sync/Leads',
  workflowRunId: '0199-run',
  workflowType: 'InitialSync',
  activityId: '7',
  activityType: 'loadPage',
  taskQueue: 'zoho-mirror',
};

/** The lines, without time, process and host. */
function lines(act: (log: ReturnType<typeof sdkLogger>) => unknown): Record<string, unknown>[] {
  const written: string[] = [];
  act(sdkLogger(createLog('worker', 'info', { write: (line) => void written.push(line) })));
  return written.map((line) => {
    const { time, pid, hostname, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect([typeof time, typeof pid, typeof hostname]).toEqual(['string', 'number', 'string']);
    return rest;
  });
}

const failed = (error: unknown, attempt = 1): Record<string, unknown>[] =>
  lines((log) => void log.warn('Activity failed', { ...activity, attempt, error, durationMs: 5 }));

test('an event has module, workflow, run, activity and its own facts, and nothing of the SDK', () => {
  const told = lines(
    (log) => void log.info('page loaded', { ...activity, rows: { inserted: 2 }, seconds: 1 }),
  );
  expect(told).toEqual([
    {
      level: 30,
      name: 'worker',
      module: 'Leads',
      attempt: 1,
      workflowId: 'initial-sync/Leads',
      workflowType: 'InitialSync',
      activityType: 'loadPage',
      rows: { inserted: 2 },
      seconds: 1,
      runId: '0199-run',
      msg: 'page loaded',
    },
  ]);
});

test('the module of a scheduled run and of a shard is the same; what is no workflow of ours has none', () => {
  const modules = ['catch-up/Deals-2026-01-31T08:00:00Z', 'notification-sync/Deals/3', 'something'].map(
    (workflowId) => lines((log) => void log.info('x', { workflowId }))[0]!.module,
  );
  expect(modules).toEqual(['Deals', 'Deals', undefined]);
});

test("an activity's own word keeps its level", () => {
  expect(lines((log) => void log.warn('run failed', { ...activity, attempt: 3 }))[0]).toMatchObject({
    level: 40,
  });
});

test('a failure that is classified is its type and one sentence, without a stack', () => {
  const [line] = failed(
    ApplicationFailure.nonRetryable('The module Nobody is not configured', 'InvalidInput'),
  );
  expect(line).toMatchObject({
    level: 40,
    type: 'InvalidInput',
    reason: 'The module Nobody is not configured',
    durationMs: 5,
  });
  expect(JSON.stringify(line)).not.toMatch(/"at"|stack|taskToken/);
});

test('a failure that is tried again is told at first and then ever more rarely; another one each time', () => {
  const transient = ApplicationFailure.retryable('Zoho is away', 'ZohoTransient');
  const told = [1, 2, 4, 5, 6, 20, 21, 80].filter((attempt) => failed(transient, attempt).length > 0);
  expect(told).toEqual([1, 5, 20, 80]);
  expect(failed(ApplicationFailure.nonRetryable('revoked', 'ZohoPermanent'), 2)).toHaveLength(1);
});

test('an error that nobody has classified is loud and says where it was thrown, never what it quotes', () => {
  const [line] = failed(new TypeError("Cannot read 'x' of 'Mrs Canary'"));
  expect(line).toMatchObject({ level: 50, type: 'TypeError' });
  expect((line!.at as string[])[0]).toMatch(/^at .*sdk-log\.test/);
  expect(JSON.stringify(line)).not.toContain('Canary');
});

test("a workflow's failure is told by what caused it", () => {
  const cause = ApplicationFailure.nonRetryable('The module Nobody is not configured', 'InvalidInput');
  const error = Object.assign(new Error('Activity task failed'), { cause });
  const [line] = lines(
    (log) => void log.warn('Workflow failed', { workflowId: 'initial-sync/Nobody', runId: 'r', error }),
  );
  expect(line).toMatchObject({ module: 'Nobody', runId: 'r', type: 'InvalidInput' });
});
