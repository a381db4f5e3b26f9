// A server that suggests continue-as-new early: a history that never grows must never cost a hint.
import { startTemporal, type TestTemporal } from '../support/temporal';
import { many, notifying } from './notifying';
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
    expect(reads.flatMap((read) => read.ids).sort()).toEqual(many(301).sort());
  });
});
