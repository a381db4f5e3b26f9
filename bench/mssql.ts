// `npm run bench:mssql`: how fast a whole page goes from Zoho's "ready" to the last commit in SQL Server, beside what the wire takes and
// what one would use instead. Everything in one run on one server: trust the ratios.
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client, Connection } from '@temporalio/client';
import { request } from 'undici';
import { ParseOne } from 'unzipper';
import type { House } from '../demo/house';
import type { ModulePlan } from '../src/activities';
import type { LiveObservation } from '../src/mirror';
import { expectEqual, peakRss, print, round, runBench, sync, withProduct } from './measure';
import { peerNames, preparePeers, runPeer, type PeerResult } from './mssql/peers';
import { batchInsert, bulkIntoHeap, upsertByRow } from './mssql/raw';
import { measureReaders, type Waits } from './mssql/readers';
import { cellsOf, observationsIn } from './mssql/rows';
import { emptyDatabase, openServer } from './mssql/server';
import { parseMssqlOptions, type MssqlOptions, type MssqlPart } from './options';
import { openRig } from './rig';

interface MssqlReport {
  target: 'mssql';
  records: number;
  columns: number;
  rowsPerSecond: number;
  /** Mean of two measurements, before and after the second load. */
  rawRowsPerSecond?: number;
  ratio?: number;
  peakRssMb: number;
  historyEventsPerPage: number;
  rerunRowsPerSecond?: number;
  /** Against the first load. */
  rerunRatio?: number;
  changedRows?: number;
  changedRowsPerSecond?: number;
  /** By the size of the batch. */
  readers?: Waits[];
  upsertRowsPerSecond?: number;
  batchInsertRowsPerSecond?: number;
  /** What ran; `peersFailed` says why another did not. */
  peers?: Record<string, number>;
  peersFailed?: Record<string, string>;
  timesBestPeer?: number;
}

/** Forty columns beside the id: all that can be exported but four. */
const yaml = `
modules:
  Leads:
    fields: [Owner, Company, First_Name, Last_Name, Full_Name, Email, Phone, Mobile, Website, Lead_Source, Lead_Status, Industry,
      Rating, Annual_Revenue, No_of_Employees, Street, City, State, Zip_Code, Country, Description, Email_Opt_Out, Created_Time,
      Modified_Time, Created_By, Modified_By, Last_Activity_Time, Tag, Skype_ID, Secondary_Email, Fax, Twitter, Budget, Score, Discount,
      Next_Contact, Interests, Campaign, Big_Number, Notes_Rich]
`;

/** A page has no more; the others are only counted. */
const pageRows = 200_000;
const readerRows = [2_000, 4_000, 10_000, 50_000];
const upsertRows = 500;
const batchInsertRows = 3_000;
/** Of a hundred records, so many are edited before the third load. */
const changedPercent = 10;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = parseMssqlOptions(process.argv);
  await emptyDatabase(options.target);
  say(`making ${options.records} leads and starting Temporal, API and worker`);
  const house = await openRig({
    records: options.records,
    target: options.target,
    notifyBatch: 0,
    batchRows: 'usual',
    catchUp: '7d',
    yaml,
    say,
  });
  try {
    print(await new Bench(house, options).run(), options.json);
  } finally {
    await house.close({ removeFolder: true });
    await emptyDatabase(options.target);
  }
}

class Bench {
  private readonly ceilings: number[] = [];

  constructor(
    private readonly house: House,
    private readonly options: MssqlOptions,
  ) {}

  async run(): Promise<MssqlReport> {
    const connection = await Connection.connect({ address: this.house.temporal.address });
    try {
      return await this.measure(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  private async measure(client: Client): Promise<MssqlReport> {
    const { records } = this.options;
    say('first load');
    const first = await sync(client);
    expectEqual(first.status.counts.read, records, 'rows read');
    expectEqual(first.status.counts.inserted, records, 'rows inserted');
    const rowsPerSecond = records / first.times.seconds;
    return withProduct(this.house, async ({ db, plan, zipPath }) => {
      expectEqual((await db.count(plan.table)).live, records, 'rows in the table');
      const rows = this.wants('ceiling', 'readers', 'knex')
        ? await observationsIn(zipPath, plan, Math.min(records, pageRows))
        : [];
      const report: MssqlReport = {
        target: 'mssql',
        records,
        columns: plan.mapping.fields.length,
        rowsPerSecond: round(rowsPerSecond),
        peakRssMb: 0,
        historyEventsPerPage: round(first.times.events / first.status.pages),
      };
      await this.ceiling(plan, rows);
      Object.assign(report, await this.rerun(client, rowsPerSecond));
      await this.ceiling(plan, rows);
      Object.assign(report, await this.changed(client));
      report.peakRssMb = peakRss(this.house.workerPid);
      Object.assign(report, this.ratio(rowsPerSecond), await this.besides(plan, rows));
      if (this.wants('peers')) Object.assign(report, await this.peers(plan, zipPath, rowsPerSecond));
      return report;
    });
  }

  private wants(...parts: MssqlPart[]): boolean {
    return parts.some((part) => this.options.only.includes(part));
  }

  private async ceiling(plan: ModulePlan, rows: readonly LiveObservation[]): Promise<void> {
    if (!this.wants('ceiling')) return;
    say('raw bulk load of ready-made rows into a heap');
    await this.withServer(async (knex) => {
      this.ceilings.push(await bulkIntoHeap(knex, cellsOf(plan), rows));
    });
  }

  private ratio(rowsPerSecond: number): Partial<MssqlReport> {
    if (this.ceilings.length === 0) return {};
    const raw = this.ceilings.reduce((sum, one) => sum + one, 0) / this.ceilings.length;
    return { rawRowsPerSecond: round(raw), ratio: round(rowsPerSecond / raw, 2) };
  }

  private async rerun(client: Client, firstRowsPerSecond: number): Promise<Partial<MssqlReport>> {
    if (!this.wants('rerun')) return {};
    say('second load of the unchanged data');
    const { status, times } = await sync(client);
    expectEqual(status.counts.unchanged, this.options.records, 'unchanged rows');
    const rowsPerSecond = this.options.records / times.seconds;
    return {
      rerunRowsPerSecond: round(rowsPerSecond),
      rerunRatio: round(rowsPerSecond / firstRowsPerSecond, 2),
    };
  }

  private async changed(client: Client): Promise<Partial<MssqlReport>> {
    if (!this.wants('changed')) return {};
    const edits = Math.round((this.options.records * changedPercent) / 100);
    say(`third load, after ${edits} edits`);
    await request(`${this.house.crmUrl}/__sim/mutate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ module: 'Leads', creates: 0, edits, deletes: 0, seed: 2 }),
    });
    const { status, times } = await sync(client);
    return {
      changedRows: status.counts.updated,
      changedRowsPerSecond: round(this.options.records / times.seconds),
    };
  }

  /** What is measured on a few rows, apart from the product's own processes. */
  private async besides(plan: ModulePlan, rows: readonly LiveObservation[]): Promise<Partial<MssqlReport>> {
    const report: Partial<MssqlReport> = {};
    if (this.wants('readers')) {
      report.readers = [];
      for (const size of readerRows.filter((one) => one <= rows.length)) {
        say(`readers beside a batch of ${size} rows`);
        report.readers.push(await measureReaders(this.options.target, plan.table, rows.slice(0, size)));
      }
    }
    if (this.wants('knex'))
      await this.withServer(async (knex) => {
        say('Knex, row by row and in batches');
        report.upsertRowsPerSecond = round(await upsertByRow(knex, cellsOf(plan), rows.slice(0, upsertRows)));
        report.batchInsertRowsPerSecond = round(
          await batchInsert(knex, cellsOf(plan), rows.slice(0, batchInsertRows)),
        );
      });
    return report;
  }

  private async peers(
    plan: ModulePlan,
    zipPath: string,
    rowsPerSecond: number,
  ): Promise<Partial<MssqlReport>> {
    await preparePeers(say);
    const csvPath = join(this.house.folder, 'page.csv');
    await pipeline(createReadStream(zipPath), ParseOne(), createWriteStream(csvPath));
    const cells = plan.mapping.fields.map(({ column, type, field }) => ({
      name: column,
      type,
      header: field.apiName,
    }));
    const results: [string, PeerResult][] = [];
    for (const name of peerNames) {
      say(`the same file by ${name}`);
      const rows = Math.min(this.options.records, pageRows);
      results.push([name, await runPeer(name, { url: this.options.target, csvPath, rows, cells })]);
    }
    const peers = pairs(results, ({ rowsPerSecond: rate }) => rate);
    return {
      peers,
      peersFailed: pairs(results, ({ failed }) => failed),
      timesBestPeer: round(rowsPerSecond / Math.max(...Object.values(peers)), 1),
    };
  }

  private async withServer(work: (knex: ReturnType<typeof openServer>) => Promise<void>): Promise<void> {
    const knex = openServer(this.options.target);
    try {
      await work(knex);
    } finally {
      await knex.destroy();
    }
  }
}

const pairs = <T>(
  results: readonly [string, PeerResult][],
  of: (result: PeerResult) => T | undefined,
): Record<string, T> =>
  Object.fromEntries(
    results.flatMap(([name, result]) => {
      const value = of(result);
      return value === undefined ? [] : [[name, value]];
    }),
  );

runBench(main);
