// A day on which other applications have used up the API credits, with the product as a process of its own.
import {
  queries,
  TASK_QUEUE,
  workflowIds,
  workflowTypes,
  type LoadStatus,
  type NotificationSyncStatus,
} from '../../src/contracts';
import { eventually } from '../support/eventually';
import { Town } from './town';

const dayMs = 24 * 60 * 60_000;

test('a load waits before the reserve is touched, notified records arrive, and it goes on when the day has rolled on', async () => {
  const town = await Town.open({
    simulator: { records: 30, creditsPerDay: 400 },
    yaml: 'limits: { dailyCredits: 400, reserve: 150 }\n',
  });
  try {
    const { sim, client } = town;
    sim.credits.spend(240);
    const load = await client.workflow.start(workflowTypes.initialSync, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.initialSync('Leads'),
      args: [{ module: 'Leads' }],
    });
    const waiting = await eventually('a load that waits', async () => {
      const status = await load.query<LoadStatus>(queries.status);
      return status.waiting !== undefined && status;
    });
    expect(waiting).toMatchObject({ phase: 'exporting', health: 'ok' });
    expect(waiting.waiting).toMatch(
      /^Waiting for API credits: 15\d left, reserve 150; looks again at about /,
    );
    expect(sim.stats.count('bulk.create')).toBe(0);
    const [edited] = sim.crm.table('Leads').ids();
    const notified = client.workflow.getHandle(workflowIds.notificationSync('Leads'));
    const applied = async (lastName: string): Promise<void> => {
      sim.crm.edit('Leads', edited!, { Last_Name: lastName });
      const before = sim.stats.count('records.list');
      await eventually(`the notification of ${lastName}`, async () => {
        const status = await notified.query<NotificationSyncStatus>(queries.status);
        return sim.stats.count('records.list') > before && status.phase === 'waiting' && status.pending === 0;
      });
    };
    await applied('Ann');
    // Zoho is not asked again and again meanwhile.
    expect(sim.credits.used()).toBeLessThan(265);
    sim.clock.advance(dayMs + 2 * 60_000);
    await applied('Bea');
    await load.executeUpdate('resume');
    const done = (await load.result()) as LoadStatus;
    expect(done).toMatchObject({ phase: 'done', health: 'ok' });
    expect(done).not.toHaveProperty('waiting');
    expect(await town.differences()).toEqual([]);
  } finally {
    await town.close();
  }
});
