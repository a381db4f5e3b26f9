// What Prometheus gets from a worker that has loaded a module and applied a notification.
import { mutate } from '../../simulator';
import { metrics, TASK_QUEUE, workflowIds, workflowTypes, type Metric } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { Town } from './town';

let town: Town;
beforeAll(async () => {
  town = await Town.open({
    simulator: { records: 40, pageRows: 20, downloadsPerMinute: 100 },
    yaml: 'limits: { dailyCredits: 50000, reserve: 100 }',
  });
});
afterAll(async () => town?.close());

const ofWorker: Metric[] = Object.values(metrics).filter(({ process }) => process === 'worker');

const scrape = async (): Promise<string> =>
  (await fetch(`http://127.0.0.1:${town.env.METRICS_PORT}/metrics`)).text();

/** The lines of one metric, without those of a histogram's buckets. */
const samples = (text: string, name: string): { labels: Record<string, string>; value: number }[] =>
  [...text.matchAll(new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(
    ([, labels, value]) => ({
      labels: Object.fromEntries(
        [...(labels ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key!, of!]),
      ),
      value: Number(value),
    }),
  );

async function load(): Promise<void> {
  const sync = await town.client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync('Leads'),
    args: [{ module: 'Leads' }],
  });
  await sync.result();
}

test('a worker serves every metric that is declared, of its kind and with its labels, beside those of Temporal', async () => {
  await load();
  // The gauges are read when a worker starts, and then once a minute.
  await town.stop();
  await town.start();
  await load();
  mutate(town.sim.crm, { module: 'Leads', creates: 0, edits: 2, deletes: 1, seed: 7 });

  const text = await eventually('every metric', async () => {
    const seen = await scrape();
    return ofWorker.every(({ name }) => samples(seen, name).length > 0) && seen;
  });
  for (const { name, kind, labels } of ofWorker) {
    expect(text).toContain(`# TYPE ${name} ${kind}\n`);
    for (const sample of samples(text, name))
      expect(Object.keys(sample.labels)).toEqual(expect.arrayContaining([...labels]));
  }
  const rows = samples(text, metrics.rows.name).filter(({ labels }) => labels.activityType === 'loadPage');
  expect(rows.map(({ labels, value }) => [labels.module, labels.outcome, value])).toContainEqual([
    'Leads',
    'unchanged',
    40,
  ]);
  const [left] = samples(text, metrics.creditsLeft.name);
  expect(left!.value).toBeGreaterThan(49_000);
  expect(left!.value).toBeLessThan(50_000);
  const [channel] = samples(text, metrics.channelSeconds.name);
  expect(channel!.value).toBeGreaterThan(5 * 86_400);
  expect(text).toContain('temporal_workflow_completed');
});
