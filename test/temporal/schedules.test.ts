// The schedules on a real Temporal server: made by the product, kept up to date by it, and paused by people.
import { scheduleIds } from '../../src/contracts';
import { ensureSchedules } from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';

const minuteMs = 60_000;
const dayMs = 86_400_000;

let temporal: TestTemporal;

beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

const described = async (scheduleId: string) => {
  const { spec, policies, state, action } = await temporal.client.schedule.getHandle(scheduleId).describe();
  return {
    every: spec.intervals?.map(({ every }) => every),
    overlap: policies.overlap,
    paused: state.paused,
    workflowId: action.workflowId,
    args: action.args,
  };
};

test('catching up and comparing have a schedule each, and no run begins beside another one', async () => {
  const every = { catchUpMs: 15 * minuteMs, reconcileMs: 7 * dayMs };
  expect(await ensureSchedules(temporal.client, 'Leads', every)).toBe(true);
  expect(await described(scheduleIds.catchUp('Leads'))).toEqual({
    every: [15 * minuteMs],
    overlap: 'SKIP',
    paused: false,
    workflowId: 'catch-up/Leads',
    args: [{ module: 'Leads' }],
  });
  expect(await described(scheduleIds.reconcile('Leads'))).toEqual({
    every: [7 * dayMs],
    overlap: 'SKIP',
    paused: false,
    workflowId: 'reconcile/Leads',
    args: [{ module: 'Leads', repair: true, fields: true }],
  });
});

test('a schedule follows the configuration, and an operator who has paused it has the last word', async () => {
  const first = { catchUpMs: 15 * minuteMs, reconcileMs: 7 * dayMs };
  await ensureSchedules(temporal.client, 'Deals', first);
  await temporal.client.schedule.getHandle(scheduleIds.catchUp('Deals')).pause('maintenance');
  const second = { catchUpMs: 2 * minuteMs, reconcileMs: dayMs };
  expect(await ensureSchedules(temporal.client, 'Deals', second)).toBe(false);
  expect(await described(scheduleIds.catchUp('Deals'))).toMatchObject({
    every: [2 * minuteMs],
    paused: true,
  });
  expect(await described(scheduleIds.reconcile('Deals'))).toMatchObject({ every: [dayMs], paused: false });
});
