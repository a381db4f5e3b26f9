// NotificationSync on a real Temporal server, with activities that answer as a test wants. Its long waits are in time-skipping.test.ts.
import type { Activities } from '../../src/activities';
import { retryReporter } from '../../src/activities/retry-report';
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

test('a batch is whole calls of a hundred; what is left over is the next one', async () => {
  await notifying(temporal, { first: [{ ids: many(230) }] }, async ({ handle, reads }) => {
    await reaches(handle, 'all read', ({ counts: { read } }) => read === 230);
    expect(reads.map(({ ids }) => ids.length)).toEqual([200, 30]);
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

test('hints that came during a re-read have waited for as long as it took: they get no window of their own', async () => {
  const answer = gate();
  const rereads: string[][] = [];
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    rereads.push(ids);
    await answer.opened;
    return { counts: counts({ read: ids.length }), again: [] };
  };
  const openModule: Activities['openModule'] = async () => settings({ notificationWindowMs: 7 });
  await notifying(
    temporal,
    { activities: { rereadRecords, openModule }, first: [{ ids: ['1'] }] },
    async ({ handle, send }) => {
      await eventually('the first re-read', () => rereads.length === 1);
      await send(['2']);
      await reaches(handle, 'the second hint', ({ hints }) => hints === 2);
      const heardMs = Date.now();
      await eventually('more than the window', () => Date.now() > heardMs + 7);
      answer.open();
      await reaches(handle, 'all read', ({ counts: { read } }) => read === 2);
      const { events } = await handle.fetchHistory();
      const second = (events ?? []).findLastIndex((event) => event.workflowExecutionSignaledEventAttributes);
      const windows = (events ?? []).slice(second).filter(({ timerStartedEventAttributes: timer }) => {
        const { seconds, nanos } = timer?.startToFireTimeout ?? {};
        return timer && Number(seconds) === 0 && nanos === 7e6;
      });
      expect(windows).toEqual([]);
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

test('12,500 signals while Zoho is away: all are taken, and every id is read afterwards', async () => {
  let away = true;
  const read = new Set<string>();
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    if (away) throw fail('ZohoTransient', 'Zoho did not answer');
    for (const id of ids) read.add(id);
    return { counts: counts({ read: ids.length }), again: [] };
  };
  const ids = many(4_000);
  await notifying(
    temporal,
    { activities: { rereadRecords }, first: [{ ids: ['1'] }] },
    async ({ handle, send }) => {
      for (let sent = 1; sent < 12_500; sent += 250) {
        await Promise.all(ids.slice(sent % 4_000, (sent % 4_000) + 250).map((id) => send([id])));
        // The server gives up a task during which over a hundred signals come; the API sends one at a time.
        await reaches(handle, 'taken', ({ hints }) => hints > sent);
      }
      away = false;
      await handle.executeUpdate('resume');
      await reaches(handle, 'all read', ({ pending }) => pending === 0);
      expect(read.size).toBe(4_000);
    },
  );
}, 240_000);

test('an outage that needs nobody shows in the status, and is gone with it', async () => {
  let away = true;
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    if (away) throw fail('ZohoTransient', 'Zoho did not answer');
    return { counts: counts({ read: ids.length }), again: [] };
  };
  const interceptors = { activity: [retryReporter(temporal.client)] };
  await notifying(
    temporal,
    { activities: { rereadRecords }, first: [{ ids: ['1'] }], worker: { interceptors } },
    async ({ handle }) => {
      const status = await reaches(handle, 'an outage', ({ retrying }) => retrying !== undefined);
      expect(status).toMatchObject({
        health: 'ok',
        retrying: 'rereadRecords has failed 5 times: Zoho did not answer',
      });
      away = false;
      const after = await reaches(handle, 'read', ({ counts: { read } }) => read === 1);
      expect(after).not.toHaveProperty('retrying');
    },
  );
});

test('a degraded one tries again as soon as a sibling works again, and does not pass the word on', async () => {
  let mended = false;
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    if (!mended) throw fail('ZohoPermanent', 'The scope is missing');
    return { counts: counts({ read: ids.length }), again: [] };
  };
  await notifying(
    temporal,
    { activities: { rereadRecords }, first: [{ ids: ['1'] }] },
    async ({ handle, calls }) => {
      await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      mended = true;
      await handle.signal('tryAgain');
      await reaches(handle, 'read', ({ counts: { read }, health }) => read === 1 && health === 'ok');
      expect(calls).not.toContain('wakeSiblings');
    },
  );
});

test('one that works again by itself passes the word on', async () => {
  const failures = [fail('ZohoPermanent', 'The scope is missing')];
  const rereadRecords: Activities['rereadRecords'] = async ({ ids }) => {
    const failure = failures.shift();
    if (failure) throw failure;
    return { counts: counts({ read: ids.length }), again: [] };
  };
  await notifying(
    temporal,
    { activities: { rereadRecords }, first: [{ ids: ['1'] }] },
    async ({ handle, calls }) => {
      await reaches(handle, 'degraded', ({ health }) => health === 'degraded');
      await handle.executeUpdate('resume');
      await eventually('the word', () => calls.includes('wakeSiblings'));
    },
  );
});
