// A mirror without Temporal: the real activities between the real simulator and a real SQLite file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { DefaultLogger } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { compare, type Difference } from '../../demo/compare';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator';
import {
  activityInterceptor,
  Catalog,
  createActivities,
  sharedStores,
  type Activities,
  type CreateJob,
  type ModulePlan,
} from '../../src/activities';
import { loadConfig } from '../../src/config';
import {
  addCounts,
  noCounts,
  type Counts,
  type ExportJob,
  type Hint,
  type JobReport,
} from '../../src/contracts';
import { openDatabase, type Database, type StoredRow } from '../../src/db';
import { parsePage } from '../../src/pages';
import { createZoho, type Zoho } from '../../src/zoho';
import { eventually } from './eventually';

export interface Mirror {
  sim: Simulator;
  db: Database;
  /** The file behind `db`. */
  databasePath: string;
  zoho: Zoho;
  activities: Activities;
  /** Hints that activities sent to NotificationSync. */
  hints: Hint[];
  /** Ids of workflows that activities started. */
  started: string[];
  /** Ids of workflows that activities cancelled. */
  cancelled: string[];
  /** Calls an activity as a worker would, errors typed by the interceptor. */
  run: <A extends unknown[], R>(
    activity: (...args: A) => Promise<R>,
    args: A,
    call?: { attempt?: number; workflowType?: string },
  ) => Promise<R>;
  plan: () => Promise<ModulePlan>;
  /** Creates the export of a page and waits until Zoho has it ready. */
  exported: (page?: number, pageToken?: string) => Promise<{ job: ExportJob; report: JobReport }>;
  /** The same for any export. */
  exportedBy: (request: CreateJob) => Promise<{ job: ExportJob; report: JobReport }>;
  /** Exports and loads every page. */
  load: () => Promise<Counts>;
  rows: () => Promise<Map<string, StoredRow>>;
  differences: () => Promise<Difference[]>;
}

const settings = ({ batchRows = 10, lifetime = '6d' }: MirrorOptions): string => `
loading: { batchRows: ${batchRows} }
channel: { lifetime: ${lifetime} }
`;

/** Failures are what tests look at. */
const quiet = new DefaultLogger('ERROR', () => undefined);

export interface MirrorOptions {
  simulator?: Partial<SimulatorOptions>;
  batchRows?: number;
  /** More of zoho-mirror.yaml. */
  yaml?: string;
  /** The mirror's local clock is the simulator's. */
  sharedClock?: boolean;
  /** Or any other. */
  localClock?: () => number;
  /** Of a channel. */
  lifetime?: string;
  /** Without PUBLIC_URL. */
  polling?: boolean;
  /** Another database than a new file. */
  database?: string;
}

export async function withMirror(
  options: MirrorOptions,
  test: (mirror: Mirror) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-'));
  const sim = await startSimulator({ records: 40, notify: false, jobDelayMs: 1, ...options.simulator });
  const file = join(folder, 'zoho-mirror.yaml');
  writeFileSync(file, settings(options) + (options.yaml ?? ''));
  const config = loadConfig({
    ZOHO_ACCOUNTS_URL: sim.url,
    ZOHO_API_URL: sim.url,
    ZOHO_CLIENT_ID: 'sim-client',
    ZOHO_CLIENT_SECRET: 'sim-secret',
    ZOHO_REFRESH_TOKEN: 'sim-refresh',
    WEBHOOK_SECRET: 'a-secret-of-the-webhook',
    LEGACY_DB: options.database ?? `sqlite:${join(folder, 'mirror.db')}`,
    ...(options.polling ? {} : { PUBLIC_URL: 'http://127.0.0.1:9' }),
    MIRROR_CONFIG: file,
  });
  const db = await openDatabase(config.legacyDb);
  await db.migrate();
  const zoho = createZoho({
    ...config.zoho,
    ...sharedStores(db),
    limits: config.limits,
    timeoutMs: 2_000,
    stallMs: 300,
    ...(options.localClock ? { clock: options.localClock } : {}),
    ...(options.sharedClock ? { clock: () => sim.clock.now() } : {}),
  });
  try {
    await test(assemble({ sim, db, zoho, config, databasePath: join(folder, 'mirror.db') }));
  } finally {
    await zoho.close();
    await db.close();
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function assemble(parts: {
  sim: Simulator;
  db: Database;
  zoho: Zoho;
  config: ReturnType<typeof loadConfig>;
  databasePath: string;
}): Mirror {
  const { sim, db, zoho, config, databasePath } = parts;
  const hints: Hint[] = [];
  const started: string[] = [];
  const cancelled: string[] = [];
  const workflow = {
    signalWithStart: async (_type: string, { signalArgs }: { signalArgs: [Hint] }) =>
      void hints.push(...signalArgs),
    start: async (_type: string, { workflowId }: { workflowId: string }) => void started.push(workflowId),
    getHandle: (workflowId: string) => ({ cancel: async () => void cancelled.push(workflowId) }),
  };
  const catalog = new Catalog({ config, zoho, db });
  const activities = createActivities({
    config,
    zoho,
    db,
    catalog,
    temporal: { workflow } as unknown as Client,
    readPage: (zip: Readable, plan) => parsePage(zip, plan),
    searchAttributes: async () => false,
  });
  const run: Mirror['run'] = (activity, args, call = {}) =>
    new MockActivityEnvironment(
      { attempt: 1, ...call },
      { logger: quiet, interceptors: [activityInterceptor] },
    ).run(activity, ...args);
  const plan = (): Promise<ModulePlan> => catalog.plan('Leads');
  const exportedBy: Mirror['exportedBy'] = async (request) => {
    const job = await run(activities.createExport, [request]);
    const report = await eventually('the export', async () => {
      const seen = await run(activities.readExport, [job.jobId]);
      return seen.state !== 'running' && seen;
    });
    return { job, report };
  };
  const exported: Mirror['exported'] = (page = 1, pageToken) =>
    exportedBy({ module: 'Leads', page, ...(pageToken ? { pageToken } : {}) });
  const load: Mirror['load'] = async () => {
    await run(activities.openModule, ['Leads']);
    let counts = noCounts();
    let page = await exported();
    for (const observedAt = page.job.createdAt; ;) {
      const { rows = 0, downloadPath = '', nextPageToken } = page.report;
      const { jobId } = page.job;
      const loaded = await run(activities.loadPage, [
        { module: 'Leads', jobId, downloadPath, rows, observedAt },
      ]);
      counts = addCounts(counts, loaded.counts);
      if (!nextPageToken) return counts;
      page = await exported(page.job.page + 1, nextPageToken);
    }
  };
  const rows: Mirror['rows'] = async () => {
    const found = new Map<string, StoredRow>();
    for await (const row of db.rows((await plan()).table)) found.set(row.id, row);
    return found;
  };
  const differences: Mirror['differences'] = async () => {
    const { mapping, table } = await plan();
    const truth = (async function* () {
      yield* sim.truth('Leads').records;
    })();
    return (await compare(truth, db.rows(table), mapping.fields)).differences;
  };
  return {
    sim,
    db,
    databasePath,
    zoho,
    activities,
    hints,
    started,
    cancelled,
    run,
    plan,
    exported,
    exportedBy,
    load,
    rows,
    differences,
  };
}
