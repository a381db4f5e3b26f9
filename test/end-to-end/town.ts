// A whole installation: Temporal server, pretended CRM, and the product as processes of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startChild, type Child } from '../../dev/child';
import { freePort } from '../../dev/ports';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server';
import { compare, type Difference } from '../../demo/compare';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator';
import { Catalog } from '../../src/activities';
import { loadConfig } from '../../src/config';
import { openDatabase, type Database } from '../../src/db';
import { createZoho } from '../../src/zoho';
import { built } from '../support/built';

const always = `
timings: { pollFirst: 1s, pollMax: 2s, notificationWindow: 100ms }
loading: { batchRows: 20 }
`;

export class Town {
  private child: Child | undefined;

  private constructor(
    readonly folder: string,
    readonly env: Readonly<Record<string, string>>,
    readonly sim: Simulator,
    readonly client: Client,
    readonly db: Database,
    private readonly temporal: TemporalServer,
    private readonly entry: string,
  ) {}

  static async open(options: {
    simulator: Partial<SimulatorOptions>;
    polling?: boolean;
    /** More of zoho-mirror.yaml. */
    yaml?: string;
    env?: Readonly<Record<string, string>>;
  }): Promise<Town> {
    const entry = join(await built(), 'start.js');
    const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-town-'));
    const temporal = await startTemporalServer({ folder });
    const sim = await startSimulator(options.simulator);
    const port = await freePort();
    const config = join(folder, 'zoho-mirror.yaml');
    writeFileSync(config, always + (options.yaml ?? ''));
    const env = {
      TEMPORAL_ADDRESS: temporal.address,
      ZOHO_ACCOUNTS_URL: sim.url,
      ZOHO_API_URL: sim.url,
      ZOHO_CLIENT_ID: 'sim-client',
      ZOHO_CLIENT_SECRET: 'sim-secret',
      ZOHO_REFRESH_TOKEN: 'sim-refresh',
      WEBHOOK_SECRET: 'a-secret-of-the-webhook',
      LEGACY_DB: `sqlite:${join(folder, 'legacy.db')}`,
      PORT: `${port}`,
      METRICS_PORT: `${await freePort()}`,
      MIRROR_CONFIG: config,
      ...(options.polling ? {} : { PUBLIC_URL: `http://127.0.0.1:${port}` }),
      ...options.env,
    };
    const connection = await Connection.connect({ address: temporal.address });
    const db = await openDatabase(env.LEGACY_DB);
    const town = new Town(folder, env, sim, new Client({ connection }), db, temporal, entry);
    await town.start();
    return town;
  }

  async start(): Promise<void> {
    this.child = await this.process('zoho-mirror', this.entry, /worker ready/);
  }

  /** Another process of this installation; whoever starts it ends it. */
  process(
    name: string,
    entry: string,
    ready: RegExp,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Child> {
    return startChild({
      name,
      command: process.execPath,
      args: [entry],
      env: { ...this.env, ...env },
      logFile: join(this.folder, `${name}.log`),
      ready,
    });
  }

  /** As somebody does who edits zoho-mirror.yaml: from the next start on. */
  configure(yaml: string): void {
    writeFileSync(this.env.MIRROR_CONFIG!, always + yaml);
  }

  /** Answers the exit code. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    await this.child!.kill(signal);
    return this.child!.exited;
  }

  /** A start with a wrong environment: what it prints and how it ends. */
  async refusal(env: Record<string, string>): Promise<{ code: number; lines: string[] }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [this.entry],
        { cwd: this.folder, env: { ...process.env, ...this.env, ...env } },
        (error, _out, text) =>
          resolve({ code: Number(error?.code ?? 0), lines: text.split('\n').filter((line) => line !== '') }),
      );
    });
  }

  async differences(module = 'Leads'): Promise<Difference[]> {
    const config = loadConfig(this.env);
    const zoho = createZoho(config.zoho);
    try {
      const { mapping, table } = await new Catalog({ config, zoho, db: this.db }).plan(module);
      const { records } = this.sim.truth(module);
      const truth = (async function* () {
        yield* records;
      })();
      return (await compare(truth, this.db.rows(table), mapping.fields)).differences;
    } finally {
      await zoho.close();
    }
  }

  async close(): Promise<void> {
    await this.child?.kill('SIGTERM');
    await this.client.connection.close();
    await this.db.close();
    await this.sim.close();
    await this.temporal.child.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
