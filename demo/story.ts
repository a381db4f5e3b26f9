// The story: start, load, edits on the way, two deaths, recovery, quiet, comparison.
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { Catalog, type ModulePlan } from '../src/activities';
import { loadConfig } from '../src/config';
import {
  queries,
  TASK_QUEUE,
  updates,
  workflowIds,
  workflowTypes,
  type ChannelStatus,
  type LoadStatus,
  type NotificationSyncStatus,
  type ReconcileInput,
  type ReconcileStatus,
} from '../src/contracts';
import { openDatabase, type Database } from '../src/db';
import { createZoho, type Zoho } from '../src/zoho';
import { compare, type Difference } from './compare';
import { CrmControl } from './crm';
import type { House } from './house';
import type { DemoOptions } from './options';
import { meddle } from './outsider';

export interface Report {
  ok: boolean;
  seconds: number;
  records: number;
  pages: number;
  rowsPerSecond: number;
  kills: number;
  resumedAtRow: number[];
  notifications: number;
  credits: number;
  /** What Reconcile found of the two that were planted, and what it found afterwards. */
  reconcile: { found: number; repaired: number; left: number };
  differences: number;
  /** The first of them. */
  examples: Difference[];
  temporalUi: string;
  database: string;
}

export interface Screen {
  say(line: string): void;
  progress(done: number, total: number): void;
}

const patienceMs = 10 * 60_000;
/** Differences that an outsider makes. */
const planted = 2;

export class Story {
  private readonly crm: CrmControl;
  private readonly client: Client;
  private readonly zoho: Zoho;
  private readonly resumedAtRow: number[] = [];
  private round = 0;

  private constructor(
    private readonly house: House,
    private readonly options: DemoOptions,
    private readonly screen: Screen,
    private readonly db: Database,
    connection: Connection,
  ) {
    this.crm = new CrmControl(house.crmUrl);
    this.client = new Client({ connection });
    this.zoho = createZoho({
      ...loadConfig(house.env).zoho,
      tokenStore: { read: () => db.readToken('zoho'), write: (sealed) => db.writeToken('zoho', sealed) },
    });
  }

  static async open(house: House, options: DemoOptions, screen: Screen): Promise<Story> {
    const connection = await Connection.connect({ address: house.temporal.address });
    const db = await openDatabase(house.env.LEGACY_DB ?? '');
    return new Story(house, options, screen, db, connection);
  }

  async tell(signal: AbortSignal): Promise<Report> {
    const began = Date.now();
    const command = await this.startSync();
    this.screen.say(`$ ${command}`);
    await this.crm.allowDownloads(100);
    await this.until(async () => (await this.crm.stats()).jobs.length > 0, signal);
    await this.stir('the export is on its way: these CSV rows will be older than their records');

    const loadBegan = Date.now();
    for (let kill = 1; kill <= this.options.kills; kill += 1) await this.shoot(kill, signal);
    const result = await this.watch(signal);
    const loadSeconds = (Date.now() - loadBegan) / 1000;
    await this.stir('after the load: only notifications tell of these');
    await this.quiet(signal);
    await this.outage(signal);
    const reconcile = await this.argue(signal);

    const plan = await this.plan();
    const { compared, count, differences } = await compare(
      this.crm.truth(),
      this.db.rows(plan.table),
      plan.mapping.fields,
    );
    const stats = await this.crm.stats();
    return {
      ok:
        count === 0 && reconcile.found === planted && reconcile.repaired === planted && reconcile.left === 0,
      seconds: Math.round((Date.now() - began) / 100) / 10,
      records: compared,
      pages: result.pages,
      rowsPerSecond: Math.round(result.counts.read / loadSeconds),
      kills: this.resumedAtRow.length,
      resumedAtRow: this.resumedAtRow,
      notifications: stats.notifications.delivered,
      credits: stats.credits.used,
      reconcile,
      differences: count,
      examples: differences,
      temporalUi: this.house.temporal.uiUrl,
      database: this.options.target
        ? this.db.dialect
        : (this.house.env.LEGACY_DB ?? '').replace('sqlite:', ''),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.client.connection.close(), this.zoho.close(), this.db.close()]);
  }

  /** By the Temporal CLI, as a user would. Answers the command. */
  private async startSync(): Promise<string> {
    const args = [
      'workflow',
      'start',
      '--address',
      this.house.temporal.address,
      '--task-queue',
      'zoho-mirror',
    ];
    args.push(
      '--type',
      'InitialSync',
      '--workflow-id',
      workflowIds.initialSync('Leads'),
      '--input',
      '{"module":"Leads"}',
      '--static-summary',
      'Loads Leads',
    );
    await promisify(execFile)(this.house.temporal.binary, args);
    return ['temporal', ...args.map((arg) => (/[{ ]/.test(arg) ? `'${arg}'` : arg))].join(' ');
  }

  /** People go on working: a quarter of the edits asked for, in each of four rounds. */
  private async stir(when: string): Promise<void> {
    const share = Math.ceil(this.options.edits / 4);
    if (share === 0) return;
    this.round += 1;
    const parts = {
      creates: Math.ceil(share * 0.2),
      deletes: Math.ceil(share * 0.2),
      edits: Math.ceil(share * 0.6),
    };
    const done = await this.crm.mutate({ ...parts, seed: this.options.seed * 100 + this.round });
    this.screen.say(
      `people edit: ${done.created.length} created, ${done.edited.length} edited, ${done.deleted.length} deleted (${when})`,
    );
  }

  /** Lets the next page's download hang half-way, waits until part of the page is committed, and kills the worker. */
  private async shoot(kill: number, signal: AbortSignal): Promise<void> {
    await this.crm.stallNextDownload();
    let at: { page: number; rows: number } | undefined;
    await this.until(async () => {
      await this.drawProgress();
      at = (await this.crm.stalled()) ? await this.middleOfPage() : undefined;
      return at !== undefined || (await this.finished());
    }, signal);
    if (!at) return;
    const { page, rows } = at;
    await this.house.shootWorker();
    await this.crm.clearFaults();
    this.screen.say(
      `kill -9 the worker in page ${page}, ${rows} rows of it committed (${kill} of ${this.options.kills}); starting another`,
    );
    await this.house.startWorker();
    await this.until(async () => {
      await this.drawProgress();
      const now = await this.middleOfPage();
      return now === undefined || now.page !== page || now.rows > rows;
    }, signal);
    this.resumedAtRow.push(rows);
  }

  /** The API is gone, then the channel too: edits of that time are told to nobody. A renewal notices, and a catch-up heals. */
  private async outage(signal: AbortSignal): Promise<void> {
    await this.house.shootApi();
    this.screen.say('kill -9 the API: notifications reach nobody');
    await this.stir('their notifications are lost');
    await this.crm.killChannels();
    this.screen.say('the notification channel lapses, and nobody is told');
    await this.stir('no notification is even sent');
    await this.house.startApi();
    const channel = await this.client.workflow
      .getHandle(workflowIds.channelRenewal('Leads'))
      .executeUpdate<ChannelStatus, []>(updates.renewNow);
    this.screen.say(`the API is back; the renewal subscribes anew: alive until ${channel.expiresAt}`);
    const caughtUp = await this.resultOf<LoadStatus>(workflowIds.catchUp('Leads'), signal);
    const { inserted, updated, deleted } = caughtUp.counts;
    this.screen.say(
      `and a catch-up heals the gap: ${inserted} inserted, ${updated} updated, ${deleted} deleted`,
    );
  }

  /** The closing argument: both sides are compared record by record, and what an outsider did is found and repaired. */
  private async argue(signal: AbortSignal): Promise<Report['reconcile']> {
    await this.quiet(signal);
    const { table } = await this.plan();
    const live: string[] = [];
    for await (const { id, deletedAt } of this.db.rows(table)) {
      if (deletedAt === undefined) live.push(id);
      if (live.length === planted) break;
    }
    const [changed, deleted] = live as [string, string];
    await meddle(this.house.env.LEGACY_DB ?? '', { column: 'Company', changed, deleted });
    this.screen.say(`somebody changes row ${changed} in the database, and deletes row ${deleted}`);
    const first = await this.reconcile({ module: 'Leads', repair: true, fields: true }, signal);
    this.screen.say(
      `Reconcile compares ${first.compared} records, every field: ${first.missing} missing, ${first.stale} stale, ${first.repaired} repaired`,
    );
    const second = await this.reconcile({ module: 'Leads', fields: true }, signal);
    const found = ({ missing, extra, stale }: ReconcileStatus): number => missing + extra + stale;
    this.screen.say(
      `Reconcile once more: ${found(second) === 0 ? 'no difference' : `${found(second)} differ`}`,
    );
    return { found: found(first), repaired: first.repaired, left: found(second) };
  }

  private async reconcile(input: ReconcileInput, signal: AbortSignal): Promise<ReconcileStatus> {
    const workflowId = workflowIds.reconcile('Leads');
    await this.client.workflow.start(workflowTypes.reconcile, {
      taskQueue: TASK_QUEUE,
      workflowId,
      args: [input],
    });
    return this.resultOf<ReconcileStatus>(workflowId, signal);
  }

  /** Of a workflow that may never end: one that is degraded waits for a person. */
  private async resultOf<T>(workflowId: string, signal: AbortSignal): Promise<T> {
    await this.until(() => this.finished(workflowId), signal);
    return (await this.client.workflow.getHandle(workflowId).result()) as T;
  }

  private async finished(workflowId = workflowIds.initialSync('Leads')): Promise<boolean> {
    const { status } = await this.client.workflow.getHandle(workflowId).describe();
    return status.name !== 'RUNNING';
  }

  private async middleOfPage(): Promise<{ page: number; rows: number } | undefined> {
    for (const { id, page } of (await this.crm.stats()).jobs) {
      const checkpoint = await this.db.checkpoint(id).catch(() => undefined);
      if (checkpoint && !checkpoint.complete && checkpoint.rowsDone > 0)
        return { page, rows: checkpoint.rowsDone };
    }
    return undefined;
  }

  private async watch(signal: AbortSignal): Promise<LoadStatus> {
    await this.until(async () => {
      await this.drawProgress();
      return this.finished();
    }, signal);
    return this.resultOf<LoadStatus>(workflowIds.initialSync('Leads'), signal);
  }

  private async drawProgress(): Promise<void> {
    const plan = await this.plan().catch(() => undefined);
    const count = plan && (await this.db.count(plan.table).catch(() => undefined));
    if (count)
      this.screen.progress(Math.min(count.live + count.deleted, this.options.records), this.options.records);
  }

  private planned: ModulePlan | undefined;
  private async plan(): Promise<ModulePlan> {
    const config = loadConfig(this.house.env);
    return (this.planned ??= await new Catalog({ config, zoho: this.zoho, db: this.db }).plan('Leads'));
  }

  /** Nothing is on its way any more: the CRM has reported everything, and the mirror has read all of it. */
  private async quiet(signal: AbortSignal): Promise<void> {
    this.screen.say('waiting for the notifications to be applied');
    const handle = this.client.workflow.getHandle(workflowIds.notificationSync('Leads'));
    const applied = async (): Promise<boolean> => {
      const { pending, phase, hints } = await handle.query<NotificationSyncStatus>(queries.status);
      return pending === 0 && (phase === 'waiting' || phase === 'done') && hints >= 0;
    };
    if (this.options.edits === 0) return;
    let calm = 0;
    await this.until(async () => {
      const idle = (await this.crm.stats()).notifications.idle;
      calm = idle && (await applied()) ? calm + 1 : 0;
      return calm >= 3;
    }, signal);
  }

  private async until(reached: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!(await reached())) {
      if (Date.now() > deadline) throw new Error('The demo has waited for ten minutes in vain; see the logs');
      await delay(200, undefined, { signal });
    }
  }
}
