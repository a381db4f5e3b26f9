// Running workflows survive a deployment: today's code takes the very decisions that recorded histories hold.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { silence } from '../support/temporal';
import { workflowBundle } from '../support/workflow-bundle';

const folder = join(__dirname, 'histories');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

interface HistoryEvent {
  eventType: string;
  userMetadata?: { summary?: unknown };
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}

const replay = async (history: unknown, workflowId: string): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle: { codePath: await workflowBundle() } }, history, workflowId);

beforeAll(silence);

test.each(files)('%s is replayed without a difference', async (file) => {
  const history: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  await replay(history, basename(file, '.json'));
});

test('a history with another activity in it is noticed', async () => {
  const text = readFileSync(join(folder, 'initial-sync-three-pages.json'), 'utf8');
  const other: unknown = JSON.parse(text.replaceAll('"beginLoad"', '"beginOtherLoad"'));
  await expect(replay(other, 'initial-sync-three-pages')).rejects.toThrow(DeterminismViolationError);
});

test.each(files)('%s: every activity and every timer says in the Web UI what it is for', (file) => {
  const { events } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { events: HistoryEvent[] };
  const steps = events.filter(({ eventType }) => /ACTIVITY_TASK_SCHEDULED|TIMER_STARTED/.test(eventType));
  const silent = steps.filter(({ userMetadata }) => !userMetadata?.summary);
  expect(silent.map((event) => event.activityTaskScheduledEventAttributes?.activityType.name)).toEqual([]);
});
