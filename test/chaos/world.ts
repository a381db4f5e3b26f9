// One installation for one history: Temporal with its file, the pretended CRM, API and worker as processes that can die.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import Sqlite from 'better-sqlite3';
import { startChild, type Child } from '../../dev/child';
import { freePort } from '../../dev/ports';
import { startTemporalServer } from '../../dev/temporal-server';
import { startSimulator, type Simulator } from '../../simulator';
import type { WorldPlan } from './draw';
import type { Rules } from './likeness';

export const moduleName = 'Leads';

/** Where the built product is: `dist/src`, or a broken copy of it. */
export interface Product {
  entry: string;
}

const codes = { Advertisement: 'AD', 'Cold Call': 'CC', 'Web Download': 'WD', 'Trade Show': 'TS' };
const narrow = 17;

export const rulesOf = (plan: WorldPlan): Rules => ({
  codes: plan.codes ? { Lead_Source: codes } : {},
  widths: plan.oldTable ? { Company: narrow } : {},
  forbidden: plan.oldTable ? { City: 'Kraków' } : {},
});

const configOf = ({ deletes, oldTable, codes: coded, ...plan }: WorldPlan): string => `
modules:
  ${moduleName}:
    deletes: ${deletes}
${oldTable ? '    schema: extend' : ''}
${coded ? `    values: { Lead_Source: ${JSON.stringify(codes)} }` : ''}
schedules: { catchUp: ${plan.catchUpEvery}, reconcile: 30d }
timings: { pollFirst: 250ms, pollMax: 1s, notificationWindow: ${plan.notificationWindow} }
loading: { batchRows: ${plan.batchRows} }
`;

const oldTable = `
CREATE TABLE ${moduleName} (id bigint PRIMARY KEY, Company varchar(${narrow}), City varchar(100) CHECK (City <> 'Kraków'));
INSERT INTO ${moduleName} (id, Company, City) VALUES (1, 'Ours', 'Rom'), (2, 'Ours too', NULL), (3, NULL, 'Oslo');
`;

/** One process that dies and comes back at the same address. */
export class Actor {
  private child: Child | undefined;
  private working: Promise<void> = Promise.resolve();
  private busy = false;

  constructor(private readonly launch: () => Promise<Child>) {}

  up(): Promise<void> {
    return this.inTurn(async () => {
      this.child ??= await this.launch();
    });
  }

  /** Answers false if it is down, or on its way up, already. The kill is at once; the rest goes on by itself. */
  async strike(signal: 'SIGTERM' | 'SIGKILL', downMs: number): Promise<boolean> {
    if (this.busy || !this.child) return false;
    const struck = this.down(signal);
    void this.inTurn(async () => {
      await struck;
      await delay(downMs);
      this.child = await this.launch();
    }).catch(() => undefined);
    return struck.then(() => true);
  }

  async down(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this;
    this.child = undefined;
    await child?.kill(signal);
  }

  /** What was under way has ended. */
  settled = (): Promise<void> => this.working;

  private inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.working.then(async () => {
      this.busy = true;
      await work().finally(() => (this.busy = false));
    });
    this.working = mine.catch(() => undefined);
    return mine;
  }
}

export class World {
  private constructor(
    readonly folder: string,
    readonly sim: Simulator,
    readonly databasePath: string,
    readonly client: Client,
    readonly temporal: Actor,
    readonly worker: Actor,
    readonly api: Actor | undefined,
    readonly address: string,
  ) {}

  /** @param template a file of a Temporal server that has been started once: a copy of it starts quickly. */
  static async open(plan: WorldPlan, product: Product, template: string): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-chaos-'));
    const databasePath = join(folder, 'legacy.db');
    if (plan.oldTable) prepare(databasePath);
    copyFileSync(template, join(folder, 'temporal.db'));
    const temporalPort = await freePort();
    const temporal = new Actor(() => launchTemporal(folder, temporalPort, plan));
    const sim = await startSimulator(plan.simulator);
    const port = await freePort();
    const config = join(folder, 'zoho-mirror.yaml');
    writeFileSync(config, configOf(plan));
    const address = `127.0.0.1:${temporalPort}`;
    const env = {
      TEMPORAL_ADDRESS: address,
      ZOHO_ACCOUNTS_URL: sim.url,
      ZOHO_API_URL: sim.url,
      ZOHO_API_VERSION: plan.apiVersion,
      ZOHO_CLIENT_ID: 'sim-client',
      ZOHO_CLIENT_SECRET: 'sim-secret',
      ZOHO_REFRESH_TOKEN: 'sim-refresh',
      WEBHOOK_SECRET: 'a-secret-of-the-webhook',
      LEGACY_DB: `sqlite:${databasePath}`,
      PORT: `${port}`,
      MIRROR_CONFIG: config,
      ...(plan.polling ? {} : { PUBLIC_URL: `http://127.0.0.1:${port}` }),
    };
    const actor = (name: string, path: string[], ready: RegExp) =>
      new Actor(async () =>
        startChild({
          name,
          command: process.execPath,
          args: [join(product.entry, ...path)],
          env: { ...env, METRICS_PORT: `${await freePort()}` },
          logFile: join(folder, `${name}.log`),
          ready,
        }),
      );
    const worker = actor('worker', ['worker.js'], /worker ready/);
    const api = plan.polling ? undefined : actor('api', ['api', 'main.js'], /api ready/);
    const client = new Client({ connection: Connection.lazy({ address }) });
    const world = new World(folder, sim, databasePath, client, temporal, worker, api, address);
    try {
      await temporal.up();
      await world.allUp();
      return world;
    } catch (error) {
      await world.close({ keep: false });
      throw error;
    }
  }

  async allUp(): Promise<void> {
    for (const actor of this.actors()) await actor.settled();
    await this.temporal.up();
    await Promise.all([this.worker.up(), this.api?.up()]);
  }

  private actors(): Actor[] {
    return [this.worker, ...(this.api ? [this.api] : []), this.temporal];
  }

  async close({ keep }: { keep: boolean }): Promise<void> {
    for (const actor of this.actors()) await actor.settled();
    for (const actor of this.actors()) await actor.down('SIGKILL');
    await this.client.connection.close();
    await this.sim.close();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

function prepare(path: string): void {
  const sqlite = new Sqlite(path);
  sqlite.exec(oldTable);
  sqlite.close();
}

const dynamic = (setting: string): string[] => ['--dynamic-config-value', setting];

async function launchTemporal(folder: string, port: number, plan: WorldPlan): Promise<Child> {
  const { child } = await startTemporalServer({
    folder,
    port,
    dbFile: join(folder, 'temporal.db'),
    extraArgs: [
      '--headless',
      ...dynamic('history.timerProcessorMaxTimeShift="1ms"'),
      ...(plan.shortHistories ? dynamic('limit.historyCount.suggestContinueAsNew=25') : []),
    ],
  });
  return child;
}

/** Starts a Temporal server once, for its file. */
export async function makeTemplate(folder: string): Promise<string> {
  const dbFile = join(folder, 'template.db');
  const { child } = await startTemporalServer({ folder, dbFile, extraArgs: ['--headless'] });
  await child.kill('SIGTERM');
  return dbFile;
}
