// Histories of the law alone: random batches, zombies, aborted batches, comparisons and watermarks against the set-based SQL, beside the
// model in memory. No Zoho, no Temporal, no chance but the seed's.
import assert from 'node:assert/strict';
import { below, pick, randomFor, type Random } from '../../simulator/random';
import { SupersededError, type DifferenceKind, type MergeRequest, type TargetTable } from '../../src/db';
import { instant, type Instant } from '../../src/mirror/instant';
import type { LiveObservation, Observation } from '../../src/mirror/observation';
import { recordId } from '../../src/mirror/record-id';
import type { Opened } from '../integration/database-kit';
import { openMssql } from '../integration/mssql-server';
import { openSqlite } from '../integration/sqlite-file';
import { LawModel } from '../support/law-model';

const start = Date.UTC(2026, 2, 1, 10);
const width = 5;
const tooLong = 'Annabel';

export interface LawBench {
  /** Throws an AssertionError that tells what differs. */
  play(seed: number): Promise<void>;
  close(): Promise<void>;
}

export type LawTarget = 'SQLite' | 'SQL Server';

/** On a server that keeps what was before. */
const salt = Date.now().toString(36);

const tableOf = (deletes: 'soft' | 'hard'): TargetTable => ({
  module: `M_${deletes}_${salt}`,
  table: `T_${deletes}_${salt}`,
  key: 'id',
  columns: [
    { name: 'Last_Name', type: { kind: 'text', length: width } },
    { name: 'Amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
  ],
  deletes,
  schema: 'extend',
  bookkeeping: {
    modifiedAt: 'zoho_modified_at',
    observedAt: 'zoho_observed_at',
    deletedAt: 'zoho_deleted_at',
  },
  constants: {},
});

/** Two tables for all histories, a new file's or those of the server that TEST_MSSQL_URL names: each history has ids of its own. */
export async function openLawBench(target: LawTarget = 'SQLite'): Promise<LawBench> {
  const opened = await (target === 'SQLite' ? openSqlite() : openMssql());
  const { db, sql } = opened;
  const own = target === 'SQLite' ? 'zoho_mirror_' : 'zoho_mirror.';
  if (target === 'SQLite') await sql('PRAGMA synchronous = OFF');
  await db.migrate();
  const tables = [tableOf('soft'), tableOf('hard')];
  for (const table of tables) {
    await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(${width}))`);
    await db.ensureTable(table);
  }
  return {
    play: (seed) => new LawHistory({ opened, own, table: tables[seed % 2]!, seed }).play(),
    async close() {
      for (const { table } of tables) await sql(`DROP TABLE ${table}`);
      await opened.close();
    },
  };
}

interface Parts {
  opened: Opened;
  /** What the names of the mirror's own tables begin with. */
  own: string;
  table: TargetTable;
  seed: number;
}

class LawHistory {
  private readonly random: Random;
  private readonly model: LawModel;
  private readonly ids: readonly string[];
  private readonly foreign: string;
  /** Refused observations: id → the o of each that is still open. */
  private readonly open = new Map<string, Set<number>>();
  private readonly settled = new Set<string>();
  private readonly lastRefused = new Map<string, number>();
  private readonly job: string;
  private rowsDone = 0;
  private compared = 0;
  private watermark = 0;

  constructor(private readonly parts: Parts) {
    const { seed, table } = parts;
    this.random = randomFor(seed, 1, 99);
    this.job = `job-${seed}-${salt}`;
    this.model = new LawModel(table.deletes);
    // The greatest ids that a bigint holds: none of them survives a double.
    const base = 9_223_372_036_854_775_807n - BigInt(seed) * 10n;
    this.ids = [base, base - 1n, base - 2n].map(String);
    this.foreign = String(base - 9n);
  }

  async play(): Promise<void> {
    const { opened, own, table } = this.parts;
    await opened.sql(`INSERT INTO ${table.table} (id, Last_Name) VALUES (${this.foreign}, 'Own')`);
    const steps = 2 + below(this.random, 6);
    for (let step = 0; step < steps; step += 1) {
      const kind = below(this.random, 14);
      if (kind < 7) await this.merge(this.batch(), { fromExport: kind < 3 });
      else if (kind < 9) await this.page();
      else if (kind === 9) await this.zombie();
      else if (kind === 10) await this.aborted();
      else if (kind === 11) await this.moveWatermark();
      else await this.comparison();
      await this.compare();
    }
    // The next history's tables are as empty as these were.
    for (const mine of ['tombstone', 'rejected_record'])
      await opened.sql(`DELETE FROM ${own}${mine} WHERE module = '${table.module}'`);
    await opened.sql(`DELETE FROM ${table.table}`);
  }

  private batch(): Observation[] {
    return Array.from({ length: below(this.random, 7) }, () => {
      const observedAt = instant(start + below(this.random, 9) * 700);
      if (this.random() < 0.3) {
        const id = recordId(pick(this.random, [...this.ids, this.foreign]));
        return { kind: 'gone' as const, id, observedAt };
      }
      return this.live(pick(this.random, this.ids), observedAt);
    });
  }

  private live(id: string, observedAt: Instant): LiveObservation {
    const m = below(this.random, 5);
    const o = (observedAt - start) / 700;
    // What a record holds at (m, o) is one thing, however often it is read.
    const name = [tooLong, 'Ann', 'ann', '', 'Ann '][(3 * m + o) % 5] ?? null;
    return {
      kind: 'live',
      id: recordId(id),
      modifiedAt: instant(start + m * 1_000),
      observedAt,
      values: [name, m % 2 === 0 ? null : `${m}.50`],
    };
  }

  private async merge(batch: readonly Observation[], request: Partial<MergeRequest>): Promise<void> {
    const { table, opened } = this.parts;
    const { db } = opened;
    const result = await db.merge(table, {
      rows: { observations: batch },
      rejects: [],
      fromExport: false,
      ...request,
    });
    const expected = this.expect(batch, request.fromExport === true);
    assert.deepEqual(result.counts, expected.counts, `counts of ${tell(batch)}`);
    assert.deepEqual([...result.heldBack].sort(), expected.heldBack, `held back of ${tell(batch)}`);
  }

  /** A batch of a page, with its checkpoint. */
  private async page(): Promise<void> {
    const batch = this.batch();
    const to = this.rowsDone + batch.length;
    await this.merge(batch, { fromExport: true, checkpoint: this.checkpoint(this.rowsDone, to) });
    this.rowsDone = to;
  }

  /** Another attempt at rows that are committed, or not yet due, must not get in. */
  private async zombie(): Promise<void> {
    const { table, opened } = this.parts;
    const { db } = opened;
    const from = this.rowsDone + 1 + below(this.random, 3);
    await assert.rejects(
      db.merge(table, {
        rows: { observations: this.batch() },
        rejects: [],
        fromExport: true,
        checkpoint: this.checkpoint(from, from + 2),
      }),
      SupersededError,
      'a zombie stops at the checkpoint',
    );
  }

  private async aborted(): Promise<void> {
    const { table, opened } = this.parts;
    const { db } = opened;
    const merging = db.merge(table, {
      rows: { observations: [...this.batch(), this.one()] },
      rejects: [],
      fromExport: true,
      checkpoint: this.checkpoint(this.rowsDone, this.rowsDone + 3),
      signal: AbortSignal.abort(new Error('stop')),
    });
    await assert.rejects(merging, /stop/, 'an aborted batch throws');
  }

  private one = (): LiveObservation => ({
    kind: 'live',
    id: recordId(this.ids[0]),
    modifiedAt: instant(start),
    observedAt: instant(start),
    values: [null, null],
  });

  private checkpoint = (from: number, to: number) => ({
    jobId: this.job,
    from,
    to,
    complete: false,
  });

  private async moveWatermark(): Promise<void> {
    const { seed, opened } = this.parts;
    const { db } = opened;
    const to = start + below(this.random, 100) * 1_000;
    this.watermark = Math.max(this.watermark, to);
    const stands = await db.moveWatermark(`W_${seed}_${salt}`, instant(to));
    assert.equal(stands, this.watermark, 'the watermark only moves forward');
  }

  /** The model has no narrow columns: what does not fit is taken out, row by row. */
  private expect(batch: readonly Observation[], fromExport: boolean) {
    const ids = new Set(batch.map(({ id }) => id));
    const refused = batch.filter(
      (one): one is LiveObservation => one.kind === 'live' && one.values[0] === tooLong,
    );
    const left = batch.filter((one) => one.kind === 'gone' || one.values[0] !== tooLong);
    const { counts, heldBack } = this.model.merge(left, fromExport);
    for (const { id, observedAt } of refused)
      this.lastRefused.set(id, Math.max(observedAt, this.lastRefused.get(id) ?? 0));
    for (const { id, observedAt } of refused) {
      if (this.settled.has(`${id} ${observedAt}`)) continue;
      this.open.set(id, (this.open.get(id) ?? new Set<number>()).add(observedAt));
    }
    for (const id of ids) this.settle(id);
    const { length } = refused;
    return { counts: { ...counts, read: counts.read + length, rejected: length }, heldBack };
  }

  private settle(id: string): void {
    const { o, g } = this.model.registers(id);
    const hasRow = this.model.rows().some((row) => row.id === id);
    const lastRefused = this.lastRefused.get(id) ?? 0;
    for (const at of this.open.get(id) ?? []) {
      if (!((hasRow && (o ?? 0) > at) || (g ?? 0) > at || lastRefused > at)) continue;
      this.open.get(id)!.delete(at);
      this.settled.add(`${id} ${at}`);
    }
  }

  /** An export beside the table: what it shows and what it leaves out. */
  private async comparison(): Promise<void> {
    const { table, opened, seed } = this.parts;
    const { comparison } = opened.db;
    const runId = `run-${seed}-${salt}`;
    const before = instant(start + below(this.random, 9) * 700);
    const shown = [...this.ids, this.foreign]
      .filter(() => this.random() < 0.6)
      .map((id) => this.live(id, before))
      .filter(({ values }) => values[0] !== tooLong);
    await comparison.keep(table, {
      runId,
      first: true,
      observations: shown,
      unreadable: [],
      checkpoint: { jobId: `${this.job}-${(this.compared += 1)}`, from: 0, to: shown.length, complete: true },
    });
    const { foreign } = await comparison.complete(table, { runId, before });
    const live = new Map(this.model.rows().flatMap((row) => (row.d === undefined ? [[row.id, row]] : [])));
    const kinds = new Map(shown.map((one) => [one.id as string, this.kindOf(one)]));
    for (const [id, { o }] of live) if (!kinds.has(id) && o < before) kinds.set(id, 'extra');
    const refused = [...this.open].flatMap(([id, times]) => (times.size > 0 ? [id] : []));
    const rejected = refused.filter((id) => (kinds.get(id) ?? 'same') === 'same');
    const found = await comparison.findings(runId);
    for (const kind of ['same', 'missing', 'stale', 'extra'] as const)
      assert.equal(
        found.open[kind],
        [...kinds].filter(([id, one]) => one === kind && !rejected.includes(id)).length,
        `how many a comparison calls ${kind}`,
      );
    assert.equal(found.rejected, rejected.length, 'how many a comparison calls rejected');
    assert.equal(foreign, kinds.has(this.foreign) ? 0 : 1, 'how many the mirror never wrote');

    const judged = await comparison.judge(table, shown);
    for (const one of shown)
      assert.equal(judged.get(one.id), this.kindOf(one), `what ${one.id} is judged as`);
    await comparison.drop(runId);
  }

  /** What Zoho shows, beside what the model holds. */
  private kindOf({ id, modifiedAt, values }: LiveObservation): DifferenceKind {
    const row = this.model.rows().find((one) => one.id === id && one.d === undefined);
    if (!row) return 'missing';
    return row.m === modifiedAt && JSON.stringify(row.values) === JSON.stringify(values) ? 'same' : 'stale';
  }

  private async compare(): Promise<void> {
    const { table, opened, own } = this.parts;
    const { db, sql } = opened;
    const known = [...this.ids, this.foreign];
    const rows = await sql(
      `SELECT CAST(id AS varchar(20)) AS id, Last_Name AS name, CAST(Amount AS varchar(20)) AS amount, zoho_modified_at AS m,
              zoho_observed_at AS o, zoho_deleted_at AS d FROM ${table.table} ORDER BY id`,
    );
    const expected = this.model
      .rows()
      .map(({ id, values, m, o, d }) => ({ id, name: values[0], amount: values[1], m, o, d: d ?? null }));
    const foreign = { id: this.foreign, name: 'Own', amount: null, m: null, o: null, d: null };
    assert.deepEqual(
      Array.from(rows, ({ m, o, d, ...row }) => ({ ...row, m: msOf(m), o: msOf(o), d: msOf(d) })),
      [foreign, ...expected],
      'the table',
    );

    const stored = await db.registers(table, known.map(recordId));
    for (const id of known) {
      const { modifiedAt: m, observedAt: o, goneAt: g } = stored.get(recordId(id)) ?? {};
      const found = { ...(m === undefined ? {} : { m, o }), ...(g === undefined ? {} : { g }) };
      assert.deepEqual(found, this.model.registers(id), `the registers of ${id}`);
    }
    // Ids fall from history to history, so this one's are the first of all.
    const unseen = await db.unseen(table, instant(start + 86_400_000), undefined, known.length);
    assert.ok(
      !unseen.includes(recordId(this.foreign)),
      'a sweep never lists a row that the mirror never wrote',
    );
    const open = await sql(
      `SELECT id, observed_at AS o FROM ${own}rejected_record
        WHERE module = '${table.module}' AND resolved_at IS NULL ORDER BY id, observed_at`,
    );
    assert.deepEqual(
      Array.from(open, ({ id, o }) => ({ id, o: msOf(o) })),
      [...this.open]
        .flatMap(([id, times]) => [...times].map((o) => ({ id, o })))
        .sort((a, b) => (a.id === b.id ? a.o - b.o : a.id < b.id ? -1 : 1)),
      'the open rejects',
    );
    assert.equal((await db.checkpoint(this.job))?.rowsDone ?? 0, this.rowsDone, 'the checkpoint');
  }
}

/** SQLite keeps text, SQL Server a time. The driver's arrays are of another realm where a test runs in one of its own. */
const msOf = (stored: unknown): number | null =>
  stored === null ? null : stored instanceof Date ? stored.getTime() : Date.parse(stored as string);

const tell = (batch: readonly Observation[]): string =>
  batch
    .map((one) =>
      one.kind === 'gone'
        ? `${one.id} gone o=${one.observedAt - start}`
        : `${one.id} live m=${one.modifiedAt - start} o=${one.observedAt - start}`,
    )
    .join('; ');
