// `npm run bench:credits`: what a load, a quiet catch-up and a comparison cost in API credits, as the pretended CRM counts them,
// beside a sync that lists records over REST. Pages are scaled down: a page costs the same whatever it holds.
import { Client, Connection } from '@temporalio/client';
import { request } from 'undici';
import { z } from 'zod';
import { loadConfig } from '../src/config';
import { TASK_QUEUE, workflowIds, workflowTypes, type Status } from '../src/contracts';
import { openDatabase } from '../src/db';
import { parseInstant } from '../src/mirror/instant';
import { House } from '../demo/house';

/** Rows of a page here, and of one of Zoho's that it stands for. */
const pageRows = 2_000;
const zohoPageRows = 200_000;
const loads = [1, 5, 10];
/** Pages of the load that the catch-up and the comparison are measured on: a million records. */
const comparedPages = 5;

/** Of the REST API: 200 records a list call, 1 credit; 2 for a page of the list of deletions. */
const listed = 200;
const naiveList = (pages: number): number => Math.ceil((pages * zohoPageRows) / listed);
const naiveQuiet = 1 + 2;

interface CreditReport {
  /** Pages → credits. */
  initialLoad: Record<string, number>;
  quietCatchUp: number;
  /** Records → credits. */
  reconcile: Record<string, number>;
  naive: { initialLoad: Record<string, number>; quietCatchUp: number; reconcile: Record<string, number> };
  scale: { pageRows: number; standsFor: number };
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const comparedRecords = comparedPages * zohoPageRows;
  const report: CreditReport = {
    initialLoad: {},
    quietCatchUp: NaN,
    reconcile: {},
    naive: {
      initialLoad: Object.fromEntries(loads.map((pages) => [pages, naiveList(pages)])),
      quietCatchUp: naiveQuiet,
      reconcile: { [comparedRecords]: naiveList(comparedPages) },
    },
    scale: { pageRows, standsFor: zohoPageRows },
  };
  for (const pages of loads)
    await withHouse(pages, async (house) => {
      say(`a load of ${pages} pages`);
      report.initialLoad[pages] = await creditsOf(house, 'initialSync');
      if (pages !== comparedPages) return;
      say('a catch-up on a quiet day');
      report.quietCatchUp = await creditsOf(house, 'catchUp');
      say(`a comparison of ${comparedRecords} records`);
      report.reconcile[comparedRecords] = await creditsOf(house, 'reconcile');
    });
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function withHouse(pages: number, work: (house: House) => Promise<void>): Promise<void> {
  const house = await House.open({
    records: pages * pageRows,
    pageRows,
    seed: 1,
    pollFirst: '5m',
    catchUp: '7d',
    say,
  });
  try {
    await work(house);
    await expectAgreement(house);
  } finally {
    await house.close({ removeFolder: true });
  }
}

const typeOf = {
  initialSync: workflowTypes.initialSync,
  catchUp: workflowTypes.catchUpSync,
  reconcile: workflowTypes.reconcile,
} as const;

/** Runs a workflow to its end; answers what the CRM has charged meanwhile. */
async function creditsOf(house: House, run: keyof typeof typeOf): Promise<number> {
  const type = typeOf[run];
  const before = await used(house.crmUrl);
  const connection = await Connection.connect({ address: house.temporal.address });
  try {
    const options = {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds[run]('Leads'),
      args: [{ module: 'Leads' }],
    };
    const status = (await new Client({ connection }).workflow.execute(type, options)) as Status;
    if (status.phase !== 'done' || status.health !== 'ok') throw new Error(`${type} ended ${status.phase}`);
  } finally {
    await connection.close();
  }
  return (await used(house.crmUrl)) - before;
}

const statistics = z.object({ credits: z.object({ used: z.number() }) });

async function used(crmUrl: string): Promise<number> {
  const { body } = await request(`${crmUrl}/__sim/stats`);
  return statistics.parse(await body.json()).credits.used;
}

/** What the mirror has counted, in its database, is what the CRM has charged. The worker writes it down when it stops. */
async function expectAgreement(house: House): Promise<void> {
  await house.stopWorker();
  const db = await openDatabase(loadConfig(house.env).legacyDb);
  try {
    const minutes = await db.readSpent(parseInstant('2000-01-01T00:00:00Z'));
    const counted = minutes.reduce((total, { credits }) => total + credits, 0);
    const charged = await used(house.crmUrl);
    if (counted !== charged) throw new Error(`the mirror counted ${counted} credits, the CRM ${charged}`);
  } finally {
    await db.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
