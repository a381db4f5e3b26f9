// What the mirror remembers beside the records: watermarks, checkpoints, runs, the shared token. Never touches a target table.
import type { Knex } from 'knex';
import { addCounts, noCounts, type Counts } from '../../contracts';
import { instant, later, type Instant } from '../../mirror/instant';
import type { CheckpointMove } from '../batch';
import type { LoadedAs, PageCheckpoint, RecordedRun, RunRecord, SpentMinute, SyncState } from '../database';
import type { Dialect, OwnTable } from '../dialect';
import { SupersededError } from '../errors';

/** Zoho's day, and another one. */
const spentKeptMs = 48 * 3_600_000;

/** Each process writes by its own clock: a right that ends later than this is of one that runs ahead, and is not believed. */
const longestClaimMs = 15 * 60_000;

type Row = Record<string, unknown>;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const json = <T>(value: unknown, otherwise: T): T =>
  typeof value === 'string' ? (JSON.parse(value) as T) : otherwise;

export class Ledger {
  constructor(
    private readonly dialect: Dialect,
    private readonly now: () => Instant,
  ) {}

  async #read(knex: Knex, table: OwnTable, key: Row): Promise<Row | undefined> {
    return (await knex(this.dialect.own(table)).where(key).first()) as Row | undefined;
  }

  /** Locked until the end of the transaction, so that what is written depends on what was read. */
  async #lock(trx: Knex.Transaction, table: OwnTable, key: Row): Promise<Row | undefined> {
    return (await trx(this.dialect.own(table)).where(key).forUpdate().first()) as Row | undefined;
  }

  async #write(
    trx: Knex.Transaction,
    table: OwnTable,
    write: { key: Row; change: Row; fresh?: Row },
  ): Promise<void> {
    const own = this.dialect.own(table);
    if ((await this.#lock(trx, table, write.key)) === undefined)
      await trx(own).insert({ ...write.key, ...write.fresh, ...write.change });
    else await trx(own).where(write.key).update(write.change);
  }

  async state(knex: Knex, module: string): Promise<SyncState & { madeTable?: string }> {
    const row = await this.#read(knex, 'sync_state', { module });
    const watermark = this.dialect.readTime(row?.watermark);
    const fingerprint = text(row?.fingerprint);
    const madeTable = text(row?.made_table);
    return {
      module,
      ...(watermark === undefined ? {} : { watermark }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(typeof row?.loaded_as === 'string' ? { loadedAs: JSON.parse(row.loaded_as) as LoadedAs } : {}),
      ...(madeTable === undefined ? {} : { madeTable }),
      droppedFields: json<string[]>(row?.dropped_fields, []),
    };
  }

  async #setState(trx: Knex.Transaction, module: string, change: Row): Promise<void> {
    await this.#write(trx, 'sync_state', { key: { module }, change, fresh: { dropped_fields: '[]' } });
  }

  async moveWatermark(trx: Knex.Transaction, module: string, to: Instant): Promise<Instant> {
    const row = await this.#lock(trx, 'sync_state', { module });
    const stored = this.dialect.readTime(row?.watermark);
    const watermark = stored === undefined ? to : later(stored, to);
    await this.#setState(trx, module, { watermark: this.dialect.writeTime(watermark) });
    return watermark;
  }

  setLoaded = (
    trx: Knex.Transaction,
    module: string,
    { fingerprint, loadedAs }: { fingerprint: string; loadedAs: LoadedAs | undefined },
  ): Promise<void> =>
    this.#setState(trx, module, {
      fingerprint,
      loaded_as: loadedAs === undefined ? null : JSON.stringify(loadedAs),
    });

  setMadeTable = (trx: Knex.Transaction, module: string, table: string): Promise<void> =>
    this.#setState(trx, module, { made_table: table });

  async dropField(trx: Knex.Transaction, module: string, field: string): Promise<void> {
    const row = await this.#lock(trx, 'sync_state', { module });
    const fields = new Set(json<string[]>(row?.dropped_fields, []));
    await this.#setState(trx, module, { dropped_fields: JSON.stringify([...fields.add(field)].sort()) });
  }

  takeFieldsUp = (trx: Knex.Transaction, module: string): Promise<void> =>
    this.#setState(trx, module, { dropped_fields: '[]' });

  async recordRun(trx: Knex.Transaction, run: RunRecord): Promise<void> {
    const now = this.dialect.writeTime(this.now());
    await this.#write(trx, 'sync_run', {
      key: { run_id: run.runId },
      change: {
        workflow: run.workflow,
        module: run.module,
        outcome: run.outcome,
        counts: JSON.stringify(run.counts),
        detail: run.detail ?? null,
        updated_at: now,
      },
      fresh: { started_at: run.startedAt === undefined ? now : this.dialect.writeTime(run.startedAt) },
    });
  }

  async lastRuns(knex: Knex, module: string, limit: number): Promise<RecordedRun[]> {
    const rows = (await knex(this.dialect.own('sync_run'))
      .where({ module })
      .orderBy('started_at', 'desc')
      .limit(limit)
      .select()) as Row[];
    return rows.map((row) => {
      const detail = text(row.detail);
      return {
        runId: String(row.run_id),
        workflow: String(row.workflow),
        module,
        outcome: row.outcome as RunRecord['outcome'],
        counts: json<Counts>(row.counts, noCounts()),
        ...(detail === undefined ? {} : { detail }),
        startedAt: this.dialect.readTime(row.started_at)!,
        updatedAt: this.dialect.readTime(row.updated_at)!,
      };
    });
  }

  async readToken(knex: Knex, name: string): Promise<string | undefined> {
    return text((await this.#read(knex, 'oauth_token', { name }))?.sealed);
  }

  async writeToken(trx: Knex.Transaction, name: string, sealed: string): Promise<void> {
    const change = { sealed, updated_at: this.dialect.writeTime(this.now()) };
    await this.#write(trx, 'oauth_token', { key: { name }, change });
  }

  async claimRight(
    trx: Knex.Transaction,
    { name, holder, forMs }: { name: string; holder: string; forMs: number },
  ): Promise<number> {
    const row = await this.#lock(trx, 'claim', { name });
    const busyMs = (this.dialect.readTime(row?.until) ?? 0) - this.now();
    const busy = busyMs > 0 && busyMs <= longestClaimMs;
    if (row !== undefined && row.holder !== holder && busy) return busyMs;
    // What is given back is free by anybody's clock.
    const until = this.dialect.writeTime(
      instant(forMs > 0 ? this.now() + Math.min(forMs, longestClaimMs) : 0),
    );
    await this.#write(trx, 'claim', { key: { name }, change: { holder, until } });
    return 0;
  }

  async writeSpent(trx: Knex.Transaction, minutes: readonly SpentMinute[]): Promise<void> {
    for (const { process, minute, credits, told } of minutes) {
      const key = { process, minute: this.dialect.writeTime(minute) };
      const toldAt = told === undefined ? null : this.dialect.writeTime(told.at);
      const change = { credits, remaining: told?.remaining ?? null, told_at: toldAt };
      await this.#write(trx, 'api_credits', { key, change });
    }
    const newest = minutes.reduce((last, { minute }) => Math.max(last, minute), 0);
    await trx(this.dialect.own('api_credits'))
      .where('minute', '<', this.dialect.writeTime(instant(newest - spentKeptMs)))
      .delete();
  }

  async readSpent(knex: Knex, since: Instant): Promise<SpentMinute[]> {
    const rows = (await knex(this.dialect.own('api_credits'))
      .where('minute', '>=', this.dialect.writeTime(since))
      .select()) as Row[];
    return rows.map((row) => {
      const at = this.dialect.readTime(row.told_at);
      const remaining = row.remaining === null ? {} : { remaining: Number(row.remaining) };
      return {
        process: String(row.process),
        minute: this.dialect.readTime(row.minute)!,
        credits: Number(row.credits),
        ...(at === undefined ? {} : { told: { at, ...remaining } }),
      };
    });
  }

  async checkpoint(knex: Knex, jobId: string): Promise<PageCheckpoint | undefined> {
    const row = await this.#read(knex, 'page_checkpoint', { job_id: jobId });
    return row === undefined ? undefined : pageOf(jobId, row);
  }

  /** Before the work: takes the checkpoint's row, or stops a zombie. It writes, since not every server locks what is only read. */
  async claim(trx: Knex.Transaction, wanted: CheckpointMove): Promise<void> {
    const now = this.dialect.writeTime(this.now());
    const key = { job_id: wanted.jobId };
    const own = this.dialect.own('page_checkpoint');
    const claimed = await trx(own)
      .where({ ...key, rows_done: wanted.from })
      .update({ updated_at: now });
    if (claimed > 0) return;
    if (wanted.from > 0 || (await this.#read(trx, 'page_checkpoint', key)) !== undefined)
      throw new SupersededError(wanted.jobId);
    await trx(own).insert({
      ...key,
      rows_done: 0,
      complete: 0,
      counts: JSON.stringify(noCounts()),
      updated_at: now,
    });
  }

  /** After the work, in the transaction that has claimed it. */
  async advance(trx: Knex.Transaction, moved: CheckpointMove, counts: Counts): Promise<void> {
    const key = { job_id: moved.jobId };
    const before = pageOf(moved.jobId, (await this.#read(trx, 'page_checkpoint', key)) ?? {});
    await trx(this.dialect.own('page_checkpoint'))
      .where(key)
      .update({
        rows_done: moved.to,
        complete: before.complete || moved.complete ? 1 : 0,
        counts: JSON.stringify(addCounts(before.counts, counts)),
        updated_at: this.dialect.writeTime(this.now()),
      });
  }
}

const pageOf = (jobId: string, row: Row): PageCheckpoint => ({
  jobId,
  rowsDone: Number(row.rows_done),
  complete: Number(row.complete) === 1,
  counts: json<Counts>(row.counts, noCounts()),
});
