// `npm run bench:latency`: how long a change in the CRM takes to be a committed row, at several rates of change. Every change is a
// notification of its own, and every part is a process of its own.
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { Catalog } from '../src/activities';
import { loadConfig } from '../src/config';
import {
  queries,
  TASK_QUEUE,
  workflowIds,
  workflowTypes,
  type LoadStatus,
  type NotificationSyncStatus,
} from '../src/contracts';
import { openDatabase } from '../src/db';
import { createZoho } from '../src/zoho';
import { compare } from '../demo/compare';
import { CrmControl } from '../demo/crm';
import { House } from '../demo/house';
import { CommitWatch } from './commit-watch';
import { eventsOf } from './history';
import { parseLatencyOptions, type LatencyOptions } from './options';

interface RateReport {
  changesPerSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Changes that were not in the table a minute after the last one. */
  lost: number;
  getsPerChange: number;
  historyEventsPerChange: number;
}

const patienceMs = 60_000;
const warmUp = { changesPerSecond: 10, seconds: 3 };
const notificationSync = workflowIds.notificationSync('Leads');

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = parseLatencyOptions(process.argv);
  say(`making ${options.records} leads and starting Temporal, API and worker`);
  const house = await House.open({
    records: options.records,
    pageRows: 200_000,
    seed: 1,
    // Nothing but notifications may bring a change.
    catchUp: '7d',
    notificationWindow: '1s',
    notifyBatch: 1,
    say,
  });
  const connection = await Connection.connect({ address: house.temporal.address });
  const client = new Client({ connection });
  try {
    say('first load');
    await load(client);
    const rates = await measureAll(house, client, options);
    say('comparing both sides');
    await expectEqualSides(house);
    print(rates, options);
  } finally {
    await connection.close();
    await house.close({ removeFolder: true });
  }
}

async function load(client: Client): Promise<void> {
  const status = (await client.workflow.execute(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.initialSync('Leads'),
    args: [{ module: 'Leads' }],
  })) as LoadStatus;
  if (status.phase !== 'done') throw new Error(`the load ended ${status.phase}`);
}

async function measureAll(
  house: House,
  client: Client,
  { rates, seconds }: LatencyOptions,
): Promise<RateReport[]> {
  const crm = new CrmControl(house.crmUrl);
  const watch = new CommitWatch((house.env.LEGACY_DB ?? '').replace(/^sqlite:/, ''));
  const ids: string[] = [];
  for await (const record of crm.truth()) ids.push(String(record.id));
  let sent = 0;
  const run = async (rate: { changesPerSecond: number; seconds: number }): Promise<RateReport> => {
    const report = await measure({ crm, client, watch, ids, from: sent }, rate);
    sent += rate.changesPerSecond * rate.seconds;
    return report;
  };
  try {
    await run(warmUp);
    const reports: RateReport[] = [];
    for (const changesPerSecond of rates) {
      say(`${changesPerSecond} changes a second for ${seconds} s`);
      reports.push(await run({ changesPerSecond, seconds }));
    }
    return reports;
  } finally {
    watch.close();
  }
}

interface Field {
  crm: CrmControl;
  client: Client;
  watch: CommitWatch;
  /** The records that are changed, one after the other. */
  ids: readonly string[];
  /** Number of the first change. */
  from: number;
}

async function measure(
  field: Field,
  { changesPerSecond, seconds }: { changesPerSecond: number; seconds: number },
): Promise<RateReport> {
  const { crm, client, watch } = field;
  const changes = changesPerSecond * seconds;
  const before = await effort(crm, client);
  await sendChanges(field, { changes, changesPerSecond });
  await until(async () => watch.waiting === 0);
  const { latenciesMs, lost } = watch.take();
  await until(async () => {
    const { phase, pending } = await client.workflow
      .getHandle(notificationSync)
      .query<NotificationSyncStatus>(queries.status);
    return phase === 'waiting' && pending === 0;
  });
  const after = await effort(crm, client);
  latenciesMs.sort((a, b) => a - b);
  const percentile = (share: number): number =>
    Math.round(latenciesMs[Math.ceil(share * latenciesMs.length) - 1] ?? NaN);
  const perChange = (count: number): number => Math.round((count / changes) * 1_000) / 1_000;
  return {
    changesPerSecond,
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    lost,
    getsPerChange: perChange(after.gets - before.gets),
    historyEventsPerChange: perChange(after.events - before.events),
  };
}

/** Each at its own moment: a CRM that answers slowly does not slow them down. */
async function sendChanges(
  { crm, watch, ids, from }: Field,
  { changes, changesPerSecond }: { changes: number; changesPerSecond: number },
): Promise<void> {
  const began = performance.now();
  const edits: Promise<void>[] = [];
  for (let sent = 0; sent < changes; sent += 1) {
    const dueInMs = began + (sent * 1_000) / changesPerSecond - performance.now();
    if (dueInMs > 0) await delay(dueInMs);
    const id = ids[(from + sent) % ids.length]!;
    edits.push(crm.edit(id, { Last_Name: watch.expect(id, from + sent) }));
  }
  await Promise.all(edits);
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await delay(50))
    if (await done()) return;
}

const effort = async (crm: CrmControl, client: Client): Promise<{ gets: number; events: number }> => ({
  gets: await getsOf(crm),
  events: await eventsOf(client, notificationSync).catch((error: unknown) => {
    // Before the first change there is none.
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }),
});

/** GETs for records, whatever for: lists, single records, whole texts, deletions. */
async function getsOf(crm: CrmControl): Promise<number> {
  const { calls } = await crm.stats();
  return Object.entries(calls)
    .filter(([route]) => route.startsWith('records.'))
    .reduce((total, [, { count }]) => total + count, 0);
}

async function expectEqualSides(house: House): Promise<void> {
  const config = loadConfig(house.env);
  const db = await openDatabase(config.legacyDb);
  const zoho = createZoho({
    ...config.zoho,
    tokenStore: { read: () => db.readToken('zoho'), write: (sealed) => db.writeToken('zoho', sealed) },
  });
  try {
    const { mapping, table } = await new Catalog({ config, zoho, db }).plan('Leads');
    const truth = new CrmControl(house.crmUrl).truth();
    const { count } = await compare(truth, db.rows(table), mapping.fields);
    if (count > 0) throw new Error(`${count} differences: a wrong mirror is not worth timing`);
  } finally {
    await zoho.close();
    await db.close();
  }
}

function print(rates: RateReport[], { json }: LatencyOptions): void {
  if (json) return void process.stdout.write(`${JSON.stringify({ rates })}\n`);
  for (const rate of rates)
    process.stdout.write(
      `${rate.changesPerSecond}/s: p50 ${rate.p50Ms} ms, p95 ${rate.p95Ms} ms, p99 ${rate.p99Ms} ms, lost ${rate.lost}, ` +
        `GETs per change ${rate.getsPerChange}, history events per change ${rate.historyEventsPerChange}\n`,
    );
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
