// Runs Bulk Read jobs from ADDED to COMPLETED in real time and keeps their files for a day; it knows no HTTP.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { BulkRequest, Column } from './bulk-request';
import { refusal } from './bulk-request';
import { matches } from './conditions';
import type { Clock } from './clock';
import type { Crm } from './crm';
import { writeExport } from './export-file';
import type { Faults } from './faults';
import { moduleIdPrefix } from './metadata';
import type { SimulatorOptions } from './options';
import { randomFor, shuffle } from './random';
import type { Module, Row, User } from './types';
import type { Zone } from './zone';

export const DAY_MS = 86_400_000;
const JOB_SALT = 91;

export type JobState = 'ADDED' | 'QUEUED' | 'IN PROGRESS' | 'COMPLETED' | 'FAILURE';

/** The ids a first job saw: later pages go over the same ones. */
interface Chain {
  readonly key: string;
  readonly user: User;
  readonly module: Module;
  readonly columns: readonly Column[];
  readonly ids: readonly string[];
  readonly createdMs: number;
}

export interface Job {
  readonly id: string;
  readonly user: User;
  readonly version: string;
  readonly chain: Chain;
  readonly page: number;
  readonly createdMs: number;
  readonly callbackUrl: string | null;
  state: JobState;
  rows: Row[];
  file: string | null;
  nextToken: string | null;
  downloads: number;
  timer: NodeJS.Timeout | null;
  finishing: Promise<void> | null;
}

interface PageToken {
  readonly chain: Chain;
  readonly page: number;
  readonly expiresMs: number;
}

export interface JobsParts {
  readonly options: SimulatorOptions;
  readonly clock: Clock;
  readonly crm: Crm;
  readonly faults: Faults;
  readonly zone: Zone;
  readonly directory: string;
  /** Called when a job is over, well or not. */
  readonly onEnd: (job: Job) => void;
}

export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #tokens = new Map<string, PageToken>();
  #chains: Chain[] = [];
  #made = 0;
  #held = false;
  jobDelayMs: number;

  constructor(readonly parts: JobsParts) {
    this.jobDelayMs = parts.options.jobDelayMs;
  }

  create(request: BulkRequest, by: { user: User; version: string }): Job {
    const { chain, page } =
      request.kind === 'token' ? this.#follow(request.token, by.user) : this.#begin(request, by.user);
    this.#made += 1;
    const job: Job = {
      id: `${moduleIdPrefix}900${String(this.#made * 3 + 859).padStart(9, '0')}`,
      user: by.user,
      version: by.version,
      chain,
      page,
      createdMs: this.parts.clock.second(),
      callbackUrl: request.callbackUrl,
      state: 'ADDED',
      rows: this.#snapshot(chain, page),
      file: null,
      nextToken: null,
      downloads: 0,
      timer: null,
      finishing: null,
    };
    this.#jobs.set(job.id, job);
    this.#step(job, 'QUEUED');
    return job;
  }

  /** Null once a day has passed or for another user's job. */
  find(id: string, user: User): Job | null {
    const job = this.#jobs.get(id);
    if (!job || job.user.id !== user.id) return null;
    return this.parts.clock.now() - job.createdMs > DAY_MS ? null : job;
  }

  list(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** Jobs stop before COMPLETED until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const job of this.#running()) this.#step(job, job.state);
  }

  /** Ends jobs now, held or not. Without an id: all. */
  async complete(id?: string): Promise<string[]> {
    const jobs = this.#running().filter((job) => id === undefined || job.id === id);
    await Promise.all(jobs.map((job) => this.#finish(job)));
    return jobs.map((job) => job.id);
  }

  fail(id?: string): string[] {
    const jobs = this.#running().filter((job) => id === undefined || job.id === id);
    for (const job of jobs) this.#end(job, 'FAILURE');
    return jobs.map((job) => job.id);
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  forget(id: string): void {
    this.#jobs.delete(id);
  }

  /** A complete zip that lacks the last rows of the page. */
  async shortFile(job: Job, rowsLess: number): Promise<string> {
    const path = join(this.parts.directory, `${job.id}.short.zip`);
    await writeExport(
      path,
      job.id,
      this.#source(job, job.rows.slice(0, Math.max(0, job.rows.length - rowsLess))),
    );
    return path;
  }

  reset(): void {
    for (const job of this.#jobs.values()) {
      if (job.timer) clearTimeout(job.timer);
      if (job.file) rmSync(job.file, { force: true });
    }
    this.#jobs.clear();
    this.#tokens.clear();
    this.#chains = [];
    this.#held = false;
  }

  #running(): Job[] {
    return this.list().filter((job) => job.state !== 'COMPLETED' && job.state !== 'FAILURE');
  }

  #begin(request: Extract<BulkRequest, { kind: 'query' }>, user: User): { chain: Chain; page: number } {
    const { module, condition, page } = request;
    const key = JSON.stringify([
      user.id,
      module.apiName,
      request.columns.map((column) => column.header),
      condition,
    ]);
    // Page numbers beyond one go on with the newest export of the same question, as page tokens do.
    const known = page > 1 ? this.#chains.findLast((chain) => chain.key === key) : undefined;
    if (known) return { chain: known, page };
    const { read, rows } = this.parts.crm.seen(module.apiName)!;
    const withConverted = this.parts.options.bulkIncludesConverted;
    const ids: string[] = [];
    for (const row of rows.values())
      if ((withConverted || row.convertedMs === null) && matches(condition, row, read)) ids.push(row.id);
    const random = randomFor(this.parts.options.seed, this.#made, JOB_SALT);
    const columns = request.shuffled ? shuffle(random, [...request.columns]) : request.columns;
    const createdMs = this.parts.clock.second();
    const chain: Chain = { key, user, module, columns, ids: shuffle(random, ids), createdMs };
    this.#chains = [...this.#chains.filter((old) => this.parts.clock.now() - old.createdMs < DAY_MS), chain];
    return { chain, page };
  }

  #follow(token: string, user: User): { chain: Chain; page: number } {
    if (this.parts.faults.take({ route: 'bulk.create' }, ['expire-page-token'])) this.#tokens.delete(token);
    const known = this.#tokens.get(token);
    if (!known || known.expiresMs <= this.parts.clock.now())
      throw refusal('EXPIRED_VALUE', { api_name: 'page_token' });
    if (known.chain.user.id !== user.id) throw refusal('INVALID_DATA', { api_name: 'page_token' });
    return known;
  }

  #snapshot(chain: Chain, page: number): Row[] {
    const { pageRows } = this.parts.options;
    const { rows } = this.parts.crm.table(chain.module.apiName);
    const ids = chain.ids.slice((page - 1) * pageRows, page * pageRows);
    return ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
  }

  #step(job: Job, next: JobState): void {
    if (job.timer) clearTimeout(job.timer);
    const waitMs = this.jobDelayMs / 3;
    job.timer = setTimeout(() => {
      if (job.state === 'COMPLETED' || job.state === 'FAILURE') return;
      job.state = next;
      if (next === 'QUEUED' || next === 'ADDED')
        return this.#step(job, next === 'ADDED' ? 'QUEUED' : 'IN PROGRESS');
      if (this.#held) return;
      if (this.parts.faults.take({ route: 'bulk.job' }, ['stuck-job'])) return;
      job.timer = setTimeout(() => {
        if (!this.#held) void this.#finish(job);
      }, waitMs);
    }, waitMs);
  }

  #finish(job: Job): Promise<void> {
    // A file that cannot be written is what Zoho shows as a failed job.
    job.finishing ??= this.#export(job).catch(() => this.#end(job, 'FAILURE'));
    return job.finishing;
  }

  async #export(job: Job): Promise<void> {
    if (job.timer) clearTimeout(job.timer);
    if (this.parts.faults.take({ route: 'bulk.job' }, ['fail-job'])) return this.#end(job, 'FAILURE');
    job.state = 'IN PROGRESS';
    this.#takeLaterSnapshot(job);
    const path = join(this.parts.directory, `${job.id}.zip`);
    await writeExport(path, job.id, this.#source(job, job.rows));
    if (this.#jobs.get(job.id) !== job) return rmSync(path, { force: true });
    job.file = path;
    if (this.#hasMore(job)) {
      job.nextToken = randomBytes(16).toString('hex');
      const expiresMs = this.parts.clock.now() + DAY_MS;
      this.#tokens.set(job.nextToken, { chain: job.chain, page: job.page + 1, expiresMs });
    }
    this.#end(job, 'COMPLETED');
  }

  #takeLaterSnapshot(job: Job): void {
    const { snapshotAt } = this.parts.options;
    if (snapshotAt === 'creation') return;
    const { rows } = this.parts.crm.table(job.chain.module.apiName);
    const now = (row: Row, place: number): Row | undefined =>
      snapshotAt === 'mixed' && place % 2 === 0 ? row : rows.get(row.id);
    job.rows = job.rows.map(now).filter((row) => row !== undefined);
  }

  #hasMore(job: Job): boolean {
    return job.chain.ids.length > job.page * this.parts.options.pageRows;
  }

  #source(job: Job, rows: readonly Row[]): Parameters<typeof writeExport>[2] {
    const { read } = this.parts.crm.table(job.chain.module.apiName);
    const { zone, options } = this.parts;
    return { rows, columns: job.chain.columns, read, zone, separator: options.multiSelectSeparator };
  }

  #end(job: Job, state: 'COMPLETED' | 'FAILURE'): void {
    if (job.state === 'COMPLETED' || job.state === 'FAILURE') return;
    if (job.timer) clearTimeout(job.timer);
    job.state = state;
    this.parts.onEnd(job);
  }
}
