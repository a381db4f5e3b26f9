// A server that suggests continue-as-new early: a history that never grows must never cost a hint.
import type { Activities } from '../../src/activities';
import { signals, workflowTypes } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { counts, fail, fakes, gate, hourMs, settings } from './fakes';
import { many, notifying, type Stage } from './notifying';
import { reaches } from './reaches';

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal(['limit.historyCount.suggestContinueAsNew=50']);
});
afterAll(() => temporal.close());

test('NotificationSync loses no hint when it continues as new, and counts on', async () => {
  await notifying(temporal, { first: [{ ids: ['1'] }] }, async ({ handle, reads, send }) => {
    await reaches(handle, 'the first id', ({ counts: { read } }) => read === 1);
    const { runId } = await handle.describe();
    const ids = many(300, 2);
    for (let at = 0; at < ids.length; at += 10)
      await Promise.all(ids.slice(at, at + 10).map((id) => send([id])));
    await reaches(handle, 'all hints', ({ hints, pending }) => hints === 301 && pending === 0);
    const status = await reaches(handle, 'all ids', ({ counts: { read } }) => read === 301);
    expect(status).toMatchObject({ health: 'ok', hints: 301, pending: 0 });
    expect((await handle.describe()).runId).not.toBe(runId);
    expect(new Set(reads.flatMap(({ ids: read }) => read))).toEqual(new Set(many(301)));
  });
});

test('NotificationSync loses no hint when it continues as new every few events', async () => {
  const hasty = await startTemporal(['limit.historyCount.suggestContinueAsNew=15']);
  try {
    await notifying(hasty, { first: [{ ids: ['1'] }] }, async (stage) => {
      let sent = 1;
      for (let run = 0; run < 6; run += 1) sent += await untilNextRun(stage, sent + 1, 4);
      await reaches(stage.handle, 'all', ({ hints, pending }) => hints === sent && pending === 0);
      expect(new Set(stage.reads.flatMap(({ ids }) => ids))).toEqual(new Set(many(sent)));
    });
  } finally {
    await hasty.close();
  }
});

/** Sends hints of an id each, some at once, until the run has ended and another goes on. Answers how many. */
async function untilNextRun({ handle, send }: Stage, from: number, atOnce = 1): Promise<number> {
  const { runId } = await handle.describe();
  let sent = 0;
  await eventually('the next run', async () => {
    await Promise.all(many(atOnce, from + sent).map((id) => send([id])));
    sent += atOnce;
    return (await handle.describe()).runId !== runId;
  });
  return sent;
}

/** Zoho answers only when `up()` was called; every id that was read then is remembered. */
function zohoAway(failure: Error): {
  rereadRecords: Activities['rereadRecords'];
  read: Set<string>;
  up: () => void;
} {
  const read = new Set<string>();
  let away = true;
  return {
    read,
    up: () => (away = false),
    rereadRecords: async ({ ids }) => {
      if (away) throw failure;
      for (const id of ids) read.add(id);
      return { counts: counts({ read: ids.length }), again: [] };
    },
  };
}

test.each([
  ['retried', fail('ZohoTransient', 'Zoho did not answer'), undefined],
  ['degraded', fail('ZohoPermanent', 'The scope is missing'), 'The scope is missing'],
])(
  'a read that is %s does not keep the run: the next one has every id and knows the trouble',
  async (_how, failure, lastError) => {
    const { rereadRecords, read, up } = zohoAway(failure);
    await notifying(temporal, { activities: { rereadRecords }, first: [{ ids: ['1'] }] }, async (stage) => {
      if (lastError) await reaches(stage.handle, 'degraded', ({ health }) => health === 'degraded');
      let sent = 1 + (await untilNextRun(stage, 2));
      if (lastError)
        await reaches(
          stage.handle,
          'degraded',
          (status) => status.health === 'degraded' && status.lastError === lastError,
        );
      sent += await untilNextRun(stage, sent + 1);
      up();
      await stage.handle.executeUpdate('resume');
      await reaches(stage.handle, 'healed', ({ health, pending }) => health === 'ok' && pending === 0);
      await eventually('every id', () => read.size === sent);
      expect([...read].sort()).toEqual(many(sent).sort());
    });
  },
);

test('settings that cannot be read while Zoho is away do not keep the run either', async () => {
  let away = true;
  const openModule: Activities['openModule'] = async (module) => {
    if (away) throw fail('ZohoTransient', 'Zoho did not answer');
    return settings({ module });
  };
  await notifying(temporal, { activities: { openModule }, first: [{ ids: ['1'] }] }, async (stage) => {
    const sent = 1 + (await untilNextRun(stage, 2));
    away = false;
    await eventually('every id', () => new Set(stage.reads.flatMap(({ ids }) => ids)).size === sent);
  });
});

test('a pause goes on in the next run', async () => {
  await notifying(temporal, { first: [{ ids: ['1'] }] }, async (stage) => {
    await reaches(stage.handle, 'read', ({ counts: { read }, phase }) => read === 1 && phase === 'waiting');
    await stage.handle.executeUpdate('pause');
    const sent = await untilNextRun(stage, 2);
    expect(await reaches(stage.handle, 'paused', ({ phase }) => phase === 'paused')).toMatchObject({
      health: 'ok',
    });
    expect(stage.reads.flatMap(({ ids }) => ids)).toEqual(['1']);
    await stage.handle.executeUpdate('resume');
    await reaches(stage.handle, 'all read', ({ counts: { read } }) => read >= 1 + sent);
    expect(new Set(stage.reads.flatMap(({ ids }) => ids))).toEqual(new Set(many(1 + sent)));
  });
});

test('ChannelRenewal settles in the next run a doubt that came during the last renewal of a run', async () => {
  const doubts: boolean[] = [];
  const answer = gate();
  const { activities } = fakes(temporal.client, {
    renewChannel: async (_module, known) => {
      doubts.push(known?.doubted ?? false);
      await answer.opened;
      return {
        channelId: '1',
        expiresAt: '2026-03-07T10:00:00.000Z',
        expiresInMs: 144 * hourMs,
        subscribedAnew: false,
      };
    },
  });
  await temporal.withWorker(activities, async (taskQueue) => {
    const handle = await temporal.client.workflow.start(workflowTypes.channelRenewal, {
      taskQueue,
      workflowId: `channel-renewal/${taskQueue}`,
      args: [{ module: 'Leads', carried: { renewals: 0, doubtedAt: '2020-01-01T00:00:00.000Z' } }],
    });
    await eventually('a renewal', () => doubts.length === 1);
    await eventually('a long history', async () => {
      await handle.signal(signals.tryAgain);
      return (await handle.describe()).historyLength > 60;
    });
    await handle.signal(signals.channelDoubted);
    answer.open();
    await eventually(
      'the next run',
      async () => (await handle.describe()).runId !== handle.firstExecutionRunId,
    );
    await eventually('its renewal', () => doubts.length === 2);
    expect(doubts).toEqual([false, true]);
  });
});
