// How far a page is, seen from outside: by the heartbeat of the activity that has it in hand, encrypted or not.
import { randomBytes } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { activityInterceptor } from '../../src/activities';
import { beat, tellProgress } from '../../src/activities/heartbeat';
import { workflowTypes } from '../../src/contracts';
import { createDataConverter, rowsOfPageDone } from '../../src/temporal';
import { eventually } from '../support/eventually';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { chainOf, counts, fakes, gate } from '../workflows/fakes';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

test.each([
  ['in the clear', []],
  ['encrypted', [{ id: 'k', key: randomBytes(32) }]],
])(
  'rows of the page in hand are known, and a beat in between does not forget them: %s',
  async (_how, keys) => {
    const dataConverter = createDataConverter(keys);
    const { connection, options } = temporal.client;
    const client = new Client({ connection, namespace: options.namespace, dataConverter });
    const end = gate();
    const { createExport, readExport } = chainOf(client, 1);
    const { activities } = fakes(client, {
      createExport,
      readExport,
      loadPage: async ({ rows }) => {
        tellProgress({ rowsDone: 42 });
        beat(Context.current());
        await end.opened;
        return {
          rows,
          counts: counts({}),
          resumedAtRow: 0,
        };
      },
    });
    await temporal.withWorker(
      activities,
      async (taskQueue) => {
        const workflowId = `initial-sync/Leads-${keys.length}`;
        expect(await rowsOfPageDone(client, workflowId).catch(() => 'not found')).toBe('not found');
        const handle = await client.workflow.start(workflowTypes.initialSync, {
          taskQueue,
          workflowId,
          args: [{ module: 'Leads' }],
        });
        await eventually('42 rows', async () => (await rowsOfPageDone(client, workflowId)) === 42);
        end.open();
        await handle.result();
        expect(await rowsOfPageDone(client, workflowId)).toBeUndefined();
      },
      { dataConverter, interceptors: { activity: [activityInterceptor] } },
    );
  },
);
