// Ten thousand changes in seconds, each a notification of its own: from the API's door to the last re-read, on a real Temporal server.
import type { WorkflowHandle } from '@temporalio/client';
import { HintGroups } from '../../src/api/hint-groups';
import type { Activities } from '../../src/activities';
import {
  TASK_QUEUE,
  workflowIds,
  type CatchUpRequest,
  type NotificationSyncStatus,
} from '../../src/contracts';
import { sendHints } from '../../src/temporal';
import { maxPending } from '../../src/workflows/hint-inbox';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fakes, gate } from './fakes';
import { many } from './notifying';
import { reaches } from './reaches';

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

const began = Date.parse('2026-03-01T10:00:00.000Z');
/** A change every millisecond. */
const arrivalOf = (id: string): string => new Date(began + Number(id)).toISOString();
const changes = 10_000;

test('10,000 notifications: few signals, a short history, and every change is re-read or younger than where the catch-up begins', async () => {
  const read = new Set<string>();
  const catchUps: CatchUpRequest[] = [];
  const answer = gate();
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    await answer.opened;
    for (const id of ids) read.add(id);
    return { counts: counts({ read: ids.length, updated: ids.length }), again: [] };
  };
  const { activities } = fakes(temporal.client, {
    rereadRecords,
    readWatermark: async () => '2026-03-01T10:30:00.000Z',
    requestCatchUp: async (_module, request) => void catchUps.push(request),
  });
  const groups = new HintGroups((module, hint) => sendHints(temporal.client, module, hint));
  await temporal.withWorker(
    activities,
    async () => {
      const ids = many(changes);
      // Zoho posts so many at a time, and each post waits until Temporal has it.
      const post = (id: string): Promise<void> =>
        groups.take('Leads', { ids: [id], operation: 'update', receivedAt: arrivalOf(id) });
      const atOnce = 1_000;
      for (let at = 0; at < changes; at += atOnce) await Promise.all(ids.slice(at, at + atOnce).map(post));

      const handle: WorkflowHandle<() => Promise<NotificationSyncStatus>> =
        temporal.client.workflow.getHandle(workflowIds.notificationSync('Leads'));
      const full = await reaches(handle, 'all notifications', ({ hints }) => hints === changes);
      expect(full.pending).toBeGreaterThan(maxPending - 500);
      expect(full.pending).toBeLessThanOrEqual(maxPending);
      answer.open();
      await reaches(handle, 'calm', ({ pending, phase }) => pending === 0 && phase === 'waiting');

      // One, or two where the inbox was already full when the first re-read began.
      const floods = catchUps.length;
      expect([1, 2]).toContain(floods);
      const since = Math.min(...catchUps.map((request) => Date.parse(request.since!)));
      expect(ids.filter((id) => !read.has(id) && Date.parse(arrivalOf(id)) < since)).toEqual([]);
      expect(read.size).toBe(full.pending);
      // Without groups there would be ten thousand signals alone.
      expect((await handle.describe()).historyLength).toBeLessThan(250);

      await post('1');
      await reaches(handle, 'the next change', ({ counts: { read: all } }) => all === full.pending + 1);
      expect(catchUps).toHaveLength(floods);
    },
    { taskQueue: TASK_QUEUE },
  );
});
