// `npm run bench:load`: how fast a whole page goes from Zoho's "ready" to the last commit, as a share of what a raw loader reaches.
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { request } from 'undici';
import { Catalog } from '../src/activities';
import { loadConfig } from '../src/config';
import { TASK_QUEUE, workflowIds, workflowTypes, type LoadStatus } from '../src/contracts';
import { openDatabase } from '../src/db';
import { createZoho } from '../src/zoho';
import type { House } from '../demo/house';
import { loadTimes, type LoadTimes } from './history';
import { parseLoadOptions, type LoadOptions } from './options';
import { loadRaw } from './raw-loader';
import { openRig } from './rig';

interface LoadReport {
  target: string;
  records: number;
  columns: number;
  rowsPerSecond: number;
  rawRowsPerSecond: number;
  ratio: number;
  peakRssMb: number;
  /** Of the export loop; `historyEventsInAll` counts the whole run. */
  historyEventsPerPage: number;
  historyEventsInAll: number;
  rerunRowsPerSecond?: number;
  rerunInserted?: number;
  rerunUpdated?: number;
}

const round = (value: number, places = 0): number => Math.round(value * 10 ** places) / 10 ** places;

async function main(): Promise<void> {
  const options = parseLoadOptions(process.argv);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`making ${options.records} leads and starting Temporal, API and worker`);
  const target = options.target === 'sqlite' ? undefined : options.target;
  const house = await openRig({ records: options.records, say, ...(target ? { target } : {}) });
  try {
    const report = await measure(house, options, say);
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else
      for (const [name, value] of Object.entries(report))
        process.stdout.write(`${name.padEnd(22)}${value}\n`);
  } finally {
    await house.close({ removeFolder: true });
  }
}

async function measure(house: House, options: LoadOptions, say: (line: string) => void): Promise<LoadReport> {
  const connection = await Connection.connect({ address: house.temporal.address });
  const client = new Client({ connection });
  try {
    say('first load');
    const first = await sync(client);
    const peakRssMb = peakRss(house.workerPid);
    expectEqual(first.status.counts.read, options.records, 'rows read');
    expectEqual(first.status.counts.inserted, options.records, 'rows inserted');
    const again = options.rerun ? (say('second load of the unchanged data'), await sync(client)) : undefined;
    say('raw loader on the same file');
    const { raw, columns, stored } = await baseline(house);
    expectEqual(stored, options.records, 'rows in the table');
    expectEqual(raw.rows, options.records, 'rows of the raw loader');
    const rowsPerSecond = options.records / first.times.seconds;
    const rawRowsPerSecond = raw.rows / raw.seconds;
    return {
      target: options.target === 'sqlite' ? 'sqlite' : 'mssql',
      records: options.records,
      columns,
      rowsPerSecond: round(rowsPerSecond),
      rawRowsPerSecond: round(rawRowsPerSecond),
      ratio: round(rowsPerSecond / rawRowsPerSecond, 2),
      peakRssMb,
      historyEventsPerPage: round(first.times.events / first.status.pages),
      historyEventsInAll: first.times.eventsInAll,
      ...(again
        ? {
            rerunRowsPerSecond: round(options.records / again.times.seconds),
            rerunInserted: again.status.counts.inserted,
            rerunUpdated: again.status.counts.updated,
          }
        : {}),
    };
  } finally {
    await connection.close();
  }
}

async function sync(client: Client): Promise<{ status: LoadStatus; times: LoadTimes }> {
  const workflowId = workflowIds.initialSync('Leads');
  const handle = await client.workflow.start(workflowTypes.initialSync, {
    taskQueue: TASK_QUEUE,
    workflowId,
    args: [{ module: 'Leads' }],
  });
  const status = (await handle.result()) as LoadStatus;
  return { status, times: await loadTimes(client, workflowId, handle.firstExecutionRunId) };
}

/** The same file, fetched once more, through the raw loader. */
async function baseline(
  house: House,
): Promise<{ raw: { rows: number; seconds: number }; columns: number; stored: number }> {
  const config = loadConfig(house.env);
  const db = await openDatabase(config.legacyDb);
  const tokenStore = {
    read: () => db.readToken('zoho'),
    write: (sealed: string) => db.writeToken('zoho', sealed),
  };
  const zoho = createZoho({ ...config.zoho, tokenStore });
  try {
    const plan = await new Catalog({ config, zoho, db }).plan('Leads');
    const zipPath = join(house.folder, 'page.zip');
    await pipeline(
      await zoho.download(`/crm/bulk/v8/read/${await firstJob(house.crmUrl)}/result`),
      createWriteStream(zipPath),
    );
    const raw = await loadRaw(zipPath, join(house.folder, 'raw.db'));
    return { raw, columns: plan.mapping.fields.length, stored: (await db.count(plan.table)).live };
  } finally {
    await zoho.close();
    await db.close();
  }
}

async function firstJob(crmUrl: string): Promise<string> {
  const { body } = await request(`${crmUrl}/__sim/jobs`);
  const { jobs } = z.object({ jobs: z.array(z.object({ id: z.string() })) }).parse(await body.json());
  return jobs[0]!.id;
}

/** Megabytes; the kernel's own high-water mark where there is one. */
function peakRss(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

function expectEqual(actual: number, expected: number, what: string): void {
  if (actual !== expected)
    throw new Error(`${what}: ${actual} instead of ${expected}; a wrong load is not worth timing`);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
