// `npm run bench:load`: how fast a whole page goes from Zoho's "ready" to the last commit, as a share of what a raw loader reaches.
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { House } from '../demo/house';
import { expectEqual, peakRss, print, round, runBench, sync, withProduct } from './measure';
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

async function main(): Promise<void> {
  const options = parseLoadOptions(process.argv);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`making ${options.records} leads and starting Temporal, API and worker`);
  const target = options.target === 'sqlite' ? undefined : options.target;
  const house = await openRig({ records: options.records, say, ...(target ? { target } : {}) });
  try {
    print(await measure(house, options, say), options.json);
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

/** The same file, fetched once more, through the raw loader. */
const baseline = (
  house: House,
): Promise<{ raw: { rows: number; seconds: number }; columns: number; stored: number }> =>
  withProduct(house, async ({ db, plan, zipPath }) => ({
    raw: await loadRaw(zipPath, join(house.folder, 'raw.db')),
    columns: plan.mapping.fields.length,
    stored: (await db.count(plan.table)).live,
  }));

runBench(main);
