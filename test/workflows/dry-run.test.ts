// DryRun on a real Temporal server, with activities that answer as a test wants.
import type { Activities } from '../../src/activities';
import { workflowTypes, type DryRunStatus } from '../../src/contracts';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { chainOf, fail, fakes, type Fakes } from './fakes';
import { failureOf } from './reaches';

let temporal: TestTemporal;
let runs = 0;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.close());

async function dryRun(
  change: Partial<Activities>,
): Promise<Pick<Fakes, 'calls'> & { result: Promise<DryRunStatus> }> {
  const { activities, calls } = fakes(temporal.client, change);
  return temporal.withWorker(activities, async (taskQueue) => {
    const handle = await temporal.client.workflow.start<() => Promise<DryRunStatus>>(workflowTypes.dryRun, {
      taskQueue,
      workflowId: `dry-run/${(runs += 1)}`,
      args: [{ module: 'Leads' }] as never,
    });
    const result = handle.result();
    await result.catch(() => undefined);
    return { calls, result };
  });
}

test('looks at the table, exports, counts, tidies up, and writes nothing', async () => {
  const { createExport, readExport, requests } = chainOf(temporal.client, 2);
  const asked: unknown[] = [];
  const { calls, result } = await dryRun({
    readExport,
    createExport: (request) => {
      asked.push(request);
      return createExport(request);
    },
  });
  expect(calls).toEqual([
    'inspectModule',
    'createExport',
    'readExport',
    'createExport',
    'previewPage',
    'readExport',
    'previewPage',
    'endPreview',
    'dropComparison',
  ]);
  expect(requests).toHaveLength(2);
  expect(asked).toEqual([
    { module: 'Leads', page: 1, dryRun: true },
    { module: 'Leads', page: 2, pageToken: 'after-1', dryRun: true },
  ]);
  expect(await result).toMatchObject({
    module: 'Leads',
    phase: 'done',
    health: 'ok',
    table: 'Leads',
    ready: true,
    counts: { read: 4, inserted: 0 },
    inserted: 1,
    adopted: 1,
    foreign: 3,
    samples: { foreign: ['7'] },
    credits: 2,
  });
});

test('a module that cannot be mirrored fails it at once', async () => {
  const { result } = await dryRun({
    inspectModule: async () => {
      throw fail('InvalidInput', 'The module Leads is not configured. Configured: Contacts');
    },
  });
  expect(await failureOf(result)).toMatchObject({ cause: { type: 'InvalidInput' } });
});
