// A worker without a cache replays the whole history for every single task: what is not deterministic cannot hide. No queries here, each
// would be a replay of its own: what the activities were asked for tells how far the workflow is.
import type { Activities, Reread } from '../../src/activities';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fail, gate } from './fakes';
import { many, notifying, type Handle } from './notifying';

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal(['limit.historyCount.suggestContinueAsNew=60']);
});
afterAll(() => temporal.close());

const worker = { maxCachedWorkflows: 0 };

/** Of all runs: how many there were, and every workflow task that did not work. */
async function troubles(handle: Handle): Promise<{ runs: number; failed: string[] }> {
  const failed: string[] = [];
  let runs = 0;
  let runId: string | undefined = (await handle.describe()).runId;
  while (runId) {
    runs += 1;
    const { events } = await temporal.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    for (const event of events ?? []) {
      const { cause, failure } = event.workflowTaskFailedEventAttributes ?? {};
      // A signal that comes while the run is ending: the server wants the task once more, with the signal.
      if (failure && failure.message !== 'UnhandledCommand') failed.push(`${cause}: ${failure.message}`);
    }
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return { runs, failed };
}

test('hints, windows, an id that is not readable yet, a flood, a pause and trouble: every task replays and every id is read', async () => {
  const reads: Reread[] = [];
  const catchUps: unknown[] = [];
  const held = gate();
  let broken = false;
  const activities: Partial<Activities> = {
    rereadRecords: async (request) => {
      if (broken) throw fail('ZohoPermanent', 'The scope is missing');
      reads.push(request);
      if (request.ids.includes('hold')) await held.opened;
      const again = reads.length === 1 ? ['2'] : [];
      return { counts: counts({ read: request.ids.length }), again };
    },
    requestCatchUp: async (...args) => void catchUps.push(args),
  };
  const seen = (id: string): boolean => reads.some(({ ids }) => ids.includes(id));
  const times = (id: string): number => reads.filter(({ ids }) => ids.includes(id)).length;
  await notifying(
    temporal,
    { activities, worker, first: [{ ids: ['1', '2'] }] },
    async ({ handle, send, calls }) => {
      await eventually('the second look', () => times('2') === 2);

      await send(['hold']);
      await eventually('a read under way', () => seen('hold'));
      for (let hint = 0; hint < 11; hint += 1) await send(many(500, 1_000 + 500 * hint));
      held.open();
      await eventually('the catch-up', () => catchUps.length === 1);
      // The one in hand leaves room for nine hints of the eleven.
      await eventually('the rest of the flood', () => seen('5499'));
      expect(new Set(reads.flatMap(({ ids }) => ids)).size).toBe(3 + 4_500);

      await handle.executeUpdate('pause');
      await send(['paused']);
      expect(seen('paused')).toBe(false);
      await handle.executeUpdate('resume');
      await eventually('what was paused', () => seen('paused'));

      broken = true;
      await send(['broken']);
      await eventually('trouble', () => calls.includes('knowsSearchAttributes'));
      broken = false;
      await handle.executeUpdate('resume');
      await eventually('what was broken', () => seen('broken'));

      expect((await troubles(handle)).failed).toEqual([]);
    },
  );
});

test('300 hints over several runs: none is lost', async () => {
  await notifying(temporal, { worker, first: [{ ids: ['1'] }] }, async ({ handle, send, reads }) => {
    const ids = many(300, 2);
    for (let at = 0; at < ids.length; at += 10)
      await Promise.all(ids.slice(at, at + 10).map((id) => send([id])));
    await eventually('every id', () => new Set(reads.flatMap((read) => read.ids)).size === 301);
    const { runs, failed } = await troubles(handle);
    expect(runs).toBeGreaterThan(1);
    expect(failed).toEqual([]);
  });
});
