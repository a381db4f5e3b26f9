// Notifications on their way to Temporal, with a clock that the test moves.
import { HintGroups } from '../../src/api/hint-groups';
import type { Hint } from '../../src/contracts';

const at = (second: number): string => `2026-03-01T10:00:0${second}.000Z`;
const hint = (ids: string[], change: Partial<Hint> = {}): Hint => ({
  ids,
  operation: 'update',
  receivedAt: at(0),
  ...change,
});

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Temporal takes whatever it is given. */
function stage() {
  const sent: [string, Hint][] = [];
  const groups = new HintGroups(async (module, one) => void sent.push([module, one]));
  return { sent, groups };
}

test('the first notification after a lull goes at once, as it came', async () => {
  const { sent, groups } = stage();
  await groups.take('Leads', hint(['1']));
  await jest.advanceTimersByTimeAsync(200);
  await groups.take('Leads', hint(['2']));
  expect(sent).toEqual([
    ['Leads', hint(['1'])],
    ['Leads', hint(['2'])],
  ]);
});

test('what comes in the next tenth of a second goes together: every id once, from the oldest arrival on', async () => {
  const { sent, groups } = stage();
  await groups.take('Leads', hint(['1']));
  const accepted = Promise.all([
    groups.take('Leads', hint(['2', '3'], { receivedAt: at(1) })),
    groups.take('Leads', hint(['3', '4'], { receivedAt: at(2) })),
  ]);
  expect(sent).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(100);
  await accepted;
  expect(sent.slice(1)).toEqual([['Leads', hint(['2', '3', '4'], { receivedAt: at(1), notifications: 2 })]]);
});

test('a steady stream is one signal every tenth of a second', async () => {
  const { sent, groups } = stage();
  for (let n = 1; n <= 100; n += 1) {
    void groups.take('Leads', hint([`${n}`]));
    await jest.advanceTimersByTimeAsync(10);
  }
  expect(sent.length).toBeLessThanOrEqual(11);
  await jest.advanceTimersByTimeAsync(100);
  const ids = sent.flatMap(([, one]) => one.ids);
  expect(ids).toEqual(Array.from({ length: 100 }, (_unused, index) => `${index + 1}`));
});

test('the last word about an id decides its operation; each operation has a hint of its own', async () => {
  const { sent, groups } = stage();
  await groups.take('Leads', hint(['1']));
  void groups.take('Leads', hint(['2', '3'], { operation: 'insert' }));
  void groups.take('Leads', hint(['2'], { operation: 'delete' }));
  await jest.advanceTimersByTimeAsync(100);
  expect(sent.slice(1)).toEqual([
    ['Leads', hint(['2'], { operation: 'delete', notifications: 2 })],
    ['Leads', hint(['3'], { operation: 'insert', notifications: 0 })],
  ]);
});

test('500 ids do not wait', async () => {
  const { sent, groups } = stage();
  await groups.take('Leads', hint(['0']));
  const accepted = [1, 2].map((half) =>
    groups.take('Leads', hint(Array.from({ length: 250 }, (_unused, index) => `${half}${index}`))),
  );
  await Promise.all(accepted);
  expect(sent.map(([, one]) => one.ids.length)).toEqual([1, 500]);
});

test('one module does not wait for another', async () => {
  const { sent, groups } = stage();
  await groups.take('Leads', hint(['1']));
  await groups.take('Contacts', hint(['1']));
  expect(sent.map(([module]) => module)).toEqual(['Leads', 'Contacts']);
});

test('nobody is answered before Temporal has the group, and everybody of it hears when Temporal has it not', async () => {
  const answers: ((error?: Error) => void)[] = [];
  const groups = new HintGroups(
    () => new Promise((resolve, reject) => answers.push((error) => (error ? reject(error) : resolve()))),
  );
  const settled: string[] = [];
  const take = (id: string): void =>
    void groups.take('Leads', hint([id])).then(
      () => settled.push(`${id} accepted`),
      () => settled.push(`${id} refused`),
    );
  take('1');
  take('2');
  take('3');
  await jest.advanceTimersByTimeAsync(100);
  expect(settled).toEqual([]);
  answers[1]!(new Error('no Temporal'));
  await jest.advanceTimersByTimeAsync(0);
  expect(settled).toEqual(['2 refused', '3 refused']);
  answers[0]!();
  await jest.advanceTimersByTimeAsync(0);
  expect(settled).toEqual(['2 refused', '3 refused', '1 accepted']);
});
