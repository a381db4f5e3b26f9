// Every process of the story: Temporal, the pretended CRM, the API and the worker, each real and each its own.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type Child } from '../dev/child';
import { freePort } from '../dev/ports';
import { startTemporalServer, type TemporalServer } from '../dev/temporal-server';

const entry = (...path: string[]): string => join(__dirname, '..', ...path);

export interface HouseOptions {
  records: number;
  pageRows: number;
  seed: number;
  /** A duration; how long to wait for Zoho's callback before asking. */
  pollFirst?: string;
  /** A duration; how often the scheduled catch-up runs. */
  catchUp?: string;
  /** A duration; how long changed ids are gathered before they are re-read. */
  notificationWindow?: string;
  /** Most ids that the CRM puts into one notification; 0: it sends none. */
  notifyBatch?: number;
  target?: string;
  /** Rows of a transaction; by default few, so that a demo has something to kill. `usual` leaves it to the mirror. */
  batchRows?: 'usual';
  /** More of zoho-mirror.yaml. */
  yaml?: string;
  temporalPort?: number;
  uiPort?: number;
  crmPort?: number;
  apiPort?: number;
  say: (line: string) => void;
}

/** As `zoho-mirror start worker` has them: a worker lives in little memory. */
const workerFlags = ['--max-semi-space-size=2', '--max-old-space-size=256'];
const thrifty = { MALLOC_MMAP_THRESHOLD_: '131072' };

/** Short waits: nobody watches a demo for 24 hours. */
const mirrorConfig = ({
  pageRows,
  pollFirst = '1s',
  catchUp = '1m',
  notificationWindow = '500ms',
  batchRows,
  yaml = '',
}: Pick<
  HouseOptions,
  'pageRows' | 'pollFirst' | 'catchUp' | 'notificationWindow' | 'batchRows' | 'yaml'
>): string => `
schedules: { catchUp: ${catchUp} }
timings: { pollFirst: ${pollFirst}, pollMax: 5m, notificationWindow: ${notificationWindow} }
${batchRows === 'usual' ? '' : `loading: { batchRows: ${Math.max(10, Math.min(2_000, Math.floor(pageRows / 10)))} }`}
${yaml}
`;

export class House {
  private api: Child | undefined;
  private worker: Child | undefined;

  private constructor(
    readonly folder: string,
    readonly env: Readonly<Record<string, string>>,
    readonly temporal: TemporalServer,
    readonly crmUrl: string,
    private readonly others: Child[],
  ) {}

  static async open(options: HouseOptions): Promise<House> {
    const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-demo-'));
    const started: Child[] = [];
    try {
      const temporal = await startTemporalServer({
        folder,
        say: options.say,
        ...(options.temporalPort ? { port: options.temporalPort } : {}),
        ...(options.uiPort ? { uiPort: options.uiPort } : {}),
      });
      started.push(temporal.child);
      const crm = await startChild({
        name: 'simulator',
        command: process.execPath,
        args: [
          entry('simulator', 'main.js'),
          ...[
            '--port',
            `${options.crmPort ?? 0}`,
            '--records',
            `${options.records}`,
            '--page-rows',
            `${options.pageRows}`,
          ],
          ...['--seed', `${options.seed}`, '--job-delay', '1500', '--notify', `${options.notifyBatch ?? 20}`],
        ],
        logFile: join(folder, 'simulator.log'),
        ready: /simulator ready on/,
        readyTimeoutMs: 120_000,
      });
      started.push(crm);
      const crmUrl = crm.readyLine.split(' ').at(-1) ?? '';
      const env = await environment(folder, { temporal, crmUrl, ...options });
      const house = new House(folder, env, temporal, crmUrl, started);
      await house.startApi();
      await house.startWorker();
      return house;
    } catch (error) {
      await Promise.all(started.map((child) => child.kill('SIGTERM')));
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async startApi(): Promise<void> {
    this.api = await startChild({
      name: 'api',
      command: process.execPath,
      args: [entry('src', 'api', 'main.js')],
      env: { ...this.env, METRICS_PORT: `${await freePort()}` },
      logFile: join(this.folder, 'api.log'),
      ready: /api ready/,
    });
    this.others.push(this.api);
  }

  /** Zoho's notifications reach nobody from now on. */
  async shootApi(): Promise<void> {
    await this.api?.kill('SIGKILL');
  }

  async startWorker(): Promise<void> {
    this.worker = await startChild({
      name: 'worker',
      command: process.execPath,
      args: [...workerFlags, entry('src', 'worker.js')],
      env: { ...this.env, ...thrifty, METRICS_PORT: `${await freePort()}` },
      logFile: join(this.folder, 'worker.log'),
      ready: /worker ready/,
    });
  }

  /** No warning, no clean-up: the process is gone. */
  async shootWorker(): Promise<void> {
    await this.worker?.kill('SIGKILL');
  }

  /** It gives its work back and ends. */
  async stopWorker(): Promise<void> {
    await this.worker?.kill('SIGTERM');
  }

  /** For `zoho-mirror --env`: what the processes were started with. Secrets of a pretended CRM, and the target's address. */
  writeEnvFile(): string {
    const file = join(this.folder, 'demo.env');
    const lines = Object.entries(this.env).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(file, lines.join(''), { mode: 0o600 });
    return file;
  }

  get workerPid(): number | undefined {
    return this.worker?.pid;
  }

  /** Stops everything, the server last. The folder with database and logs stays unless told otherwise. */
  async close(options: { removeFolder: boolean }): Promise<void> {
    await this.worker?.kill('SIGTERM');
    for (const child of [...this.others].reverse()) await child.kill('SIGTERM');
    if (options.removeFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}

async function environment(
  folder: string,
  {
    temporal,
    crmUrl,
    target,
    apiPort,
    ...timing
  }: { temporal: TemporalServer; crmUrl: string } & HouseOptions,
): Promise<Record<string, string>> {
  const port = apiPort ?? (await freePort());
  const configPath = join(folder, 'zoho-mirror.yaml');
  writeFileSync(configPath, mirrorConfig(timing));
  return {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: 'default',
    ZOHO_ACCOUNTS_URL: crmUrl,
    ZOHO_API_URL: crmUrl,
    ZOHO_CLIENT_ID: 'sim-client',
    ZOHO_CLIENT_SECRET: 'sim-secret',
    ZOHO_REFRESH_TOKEN: 'sim-refresh',
    WEBHOOK_SECRET: randomBytes(24).toString('hex'),
    LEGACY_DB: target ?? `sqlite:${join(folder, 'legacy.db')}`,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    PORT: `${port}`,
    MIRROR_CONFIG: configPath,
  };
}
