// NotificationSync on a real Temporal server, with activities that answer as a test wants. Its long waits are in time-skipping.test.ts.
import type { Activities } from '../../src/activities';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fail, gate, hourMs, settings } from './fakes';
import { many, notifying } from './notifying';
import { reaches } from './reaches';

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

test('hints that arrive within a window are one re-read, every id once', async () => {
  const first = [
    { ids: ['1', '2'] },
    { ids: ['2', '3'], operation: 'insert' as const },
    { ids: ['4'], operation: 'delete' as const },
  ];
  await notifying(temporal, { first }, async ({ handle, reads }) => {
    const status = await reaches(handle, 'read', ({ counts: { read } }) => read === 4);
    expect(reads).toEqual([
      {
        module: 'Leads',
        ids: ['1', '2', '3', '4'],
        expected: ['1', '2', '3'],
        receivedAt: '2026-03-01T10:00:00.000Z',
      },
    ]);
    expect(status).toMatchObject({
      module: 'Leads',
      health: 'ok',
      hints: 3,
      pending: 0,
      counts: { read: 4, inserted: 0, updated: 4, unchanged: 0, stale: 0, deleted: 0, rejected: 0 },
    });
  });
});

test('a full batch does not wait for the end of the window', async () => {
  const openModule: Activities['openModule'] = async () => settings({ notificationWindowMs: hourMs });
  await notifying(temporal, { activities: { openModule }, first: [{ ids: many(499) }] }, async (stage) => {
    await reaches(stage.handle, 'gathering', ({ phase }) => phase === 'gathering');
    expect(stage.reads).toEqual([]);
    await stage.send(['500']);
    await eventually('the re-read', () => stage.reads.length === 1);
    expect(stage.reads[0]!.ids).toHaveLength(500);
  });
});

test('hints that arrive during a re-read are the next one', async () => {
  const answer = gate();
  const rereads: string[][] = [];
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    rereads.push(ids);
    await answer.opened;
    return { counts: counts({ read: ids.length }), again: [] };
  };
  await notifying(
    temporal,
    { activities: { rereadRecords }, first: [{ ids: ['1'] }] },
    async ({ handle, send }) => {
      await eventually('the first re-read', () => rereads.length === 1);
      await send(['1']);
      await send(['2']);
      answer.open();
      await reaches(handle, 'all read', ({ counts: { read } }) => read === 3);
      expect(rereads).toEqual([['1'], ['1', '2']]);
    },
  );
});

test('an id that Zoho does not show yet is asked for again, and only that one', async () => {
  const rereads: string[][] = [];
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    rereads.push(ids);
    return { counts: counts({ read: ids.length }), again: rereads.length === 1 ? ['2'] : [] };
  };
  const first = [{ ids: ['1', '2'], operation: 'insert' as const }];
  await notifying(temporal, { activities: { rereadRecords }, first }, async () => {
    await eventually('the second re-read', () => rereads.length === 2);
    expect(rereads).toEqual([['1', '2'], ['2']]);
  });
});

test.each([
  ['the watermark', '2026-03-01T10:00:00.000Z', '2026-03-01T10:00:00.000Z'],
  ['the oldest dropped hint, where that is earlier', '2026-03-01T11:00:00.000Z', '2026-03-01T10:00:20.000Z'],
  ['the oldest dropped hint, where there is no watermark', undefined, '2026-03-01T10:00:20.000Z'],
])('a flood of over 5,000 ids becomes one catch-up since %s', async (_what, watermark, since) => {
  const requests: unknown[] = [];
  const requestCatchUp: Activities['requestCatchUp'] = async (...args) => void requests.push(args);
  const first = many(12).map((_unused, index) => ({
    ids: many(500, 1 + 500 * index),
    // The last but one is the older of the two that do not fit.
    receivedAt: index === 11 ? '2026-03-01T10:00:59.000Z' : `2026-03-01T10:00:${10 + index}.000Z`,
  }));
  const readWatermark = async (): Promise<string | undefined> => watermark;
  await notifying(
    temporal,
    { activities: { requestCatchUp, readWatermark }, first },
    async ({ handle, reads }) => {
      const status = await reaches(handle, 'all read', ({ counts: { read } }) => read === 5_000);
      expect(requests).toEqual([['Leads', { since }]]);
      expect(reads).toHaveLength(10);
      expect(status).toMatchObject({ hints: 12, pending: 0 });
    },
  );
});

test('a permanent error makes it degraded with the ids in hand, and resume reads them', async () => {
  let mended = false;
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    if (!mended) throw fail('ZohoPermanent', 'The scope ZohoCRM.modules.READ is missing');
    return { counts: counts({ read: ids.length }), again: [] };
  };
  await notifying(
    temporal,
    { activities: { rereadRecords }, first: [{ ids: ['1', '2'] }] },
    async ({ handle }) => {
      const degraded = await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      expect(degraded).toMatchObject({ lastError: 'The scope ZohoCRM.modules.READ is missing' });
      mended = true;
      await handle.executeUpdate('resume');
      expect(await reaches(handle, 'read', ({ counts: { read } }) => read === 2)).toMatchObject({
        health: 'ok',
      });
    },
  );
});

test('while it is paused it gathers and does not read', async () => {
  await notifying(temporal, { first: [{ ids: ['1'] }] }, async ({ handle, reads, send }) => {
    await reaches(handle, 'read', ({ counts: { read }, phase }) => read === 1 && phase === 'waiting');
    await handle.executeUpdate('pause');
    await send(['2']);
    await reaches(handle, 'paused', ({ phase }) => phase === 'paused');
    await send(['3']);
    await handle.executeUpdate('resume');
    await reaches(handle, 'read', ({ counts: { read } }) => read === 3);
    expect(reads.flatMap(({ ids }) => ids)).toEqual(['1', '2', '3']);
  });
});
