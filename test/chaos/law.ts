// Histories of the law alone: random batches, zombies, aborted batches and watermarks against the set-based SQL, beside the model in
// memory. No Zoho, no Temporal, no chance but the seed's.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { below, pick, randomFor, type Random } from '../../simulator/random';
import {
  openDatabase,
  SupersededError,
  type Database,
  type MergeRequest,
  type TargetTable,
} from '../../src/db';
import { instant, toIsoMs, toIsoSeconds } from '../../src/mirror/instant';
import type { LiveObservation, Observation } from '../../src/mirror/observation';
import { recordId } from '../../src/mirror/record-id';
import { LawModel } from '../support/law-model';

const start = Date.UTC(2026, 2, 1, 10);
const width = 5;
const tooLong = 'Annabel';

export interface LawBench {
  /** Throws an AssertionError that tells what differs. */
  play(seed: number): Promise<void>;
  close(): Promise<void>;
}

const tableOf = (deletes: 'soft' | 'hard'): TargetTable => ({
  module: `M_${deletes}`,
  table: `T_${deletes}`,
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

/** One file and two tables for all histories: each has ids of its own. */
export async function openLawBench(): Promise<LawBench> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-law-'));
  const file = join(folder, 'law.db');
  const sql = new Sqlite(file);
  sql.defaultSafeIntegers(true);
  sql.pragma('synchronous = OFF');
  const db = await openDatabase(`sqlite:${file}`);
  await db.migrate();
  const tables = [tableOf('soft'), tableOf('hard')];
  for (const table of tables) {
    sql.exec(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(${width}))`);
    await db.ensureTable(table);
  }
  return {
    play: (seed) => new LawHistory({ db, sql, table: tables[seed % 2]!, seed }).play(),
    async close() {
      sql.close();
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Parts {
  db: Database;
  sql: Sqlite.Database;
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
  private rowsDone = 0;
  private watermark = 0;

  constructor(private readonly parts: Parts) {
    const { seed, table } = parts;
    this.random = randomFor(seed, 1, 99);
    this.model = new LawModel(table.deletes);
    // The greatest ids that a bigint holds: none of them survives a double.
    const base = 9_223_372_036_854_775_807n - BigInt(seed) * 10n;
    this.ids = [base, base - 1n, base - 2n].map(String);
    this.foreign = String(base - 9n);
  }

  async play(): Promise<void> {
    const { sql, table } = this.parts;
    sql
      .prepare(`INSERT INTO ${table.table} (id, Last_Name) VALUES (CAST(? AS INTEGER), 'Own')`)
      .run(this.foreign);
    const steps = 2 + below(this.random, 6);
    for (let step = 0; step < steps; step += 1) {
      const kind = below(this.random, 12);
      if (kind < 7) await this.merge(this.batch(), { fromExport: kind < 3 });
      else if (kind < 9) await this.page();
      else if (kind === 9) await this.zombie();
      else if (kind === 10) await this.aborted();
      else await this.moveWatermark();
      await this.compare();
    }
  }

  private batch(): Observation[] {
    return Array.from({ length: below(this.random, 7) }, () => {
      const observedAt = instant(start + below(this.random, 9) * 700);
      if (this.random() < 0.3) {
        const id = recordId(pick(this.random, [...this.ids, this.foreign]));
        return { kind: 'gone' as const, id, observedAt };
      }
      const m = below(this.random, 5);
      const o = (observedAt - start) / 700;
      // What a record holds at (m, o) is one thing, however often it is read.
      const name = [tooLong, 'Ann', 'ann', '', 'Ann '][(3 * m + o) % 5] ?? null;
      return {
        kind: 'live' as const,
        id: recordId(pick(this.random, this.ids)),
        modifiedAt: instant(start + m * 1_000),
        observedAt,
        values: [name, m % 2 === 0 ? null : `${m}.50`],
      };
    });
  }

  private async merge(batch: readonly Observation[], request: Partial<MergeRequest>): Promise<void> {
    const { db, table } = this.parts;
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
    const { db, table } = this.parts;
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
    const { db, table } = this.parts;
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
    jobId: `job-${this.parts.seed}`,
    from,
    to,
    complete: false,
  });

  private async moveWatermark(): Promise<void> {
    const { db, seed } = this.parts;
    const to = start + below(this.random, 100) * 1_000;
    this.watermark = Math.max(this.watermark, to);
    const stands = await db.moveWatermark(`W_${seed}`, instant(to));
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

  private async compare(): Promise<void> {
    const { db, table, sql, seed } = this.parts;
    const known = [...this.ids, this.foreign];
    const list = known.join(', ');
    const rows = sql
      .prepare(
        `SELECT CAST(id AS TEXT) AS id, Last_Name AS name, Amount AS amount, zoho_modified_at AS m,
                       zoho_observed_at AS o, zoho_deleted_at AS d FROM ${table.table} WHERE id IN (${list}) ORDER BY id`,
      )
      .all();
    const expected = this.model.rows().map(({ id, values, m, o, d }) => ({
      id,
      name: values[0],
      amount: values[1],
      m: toIsoSeconds(instant(m)),
      o: toIsoMs(instant(o)),
      d: d === undefined ? null : toIsoMs(instant(d)),
    }));
    const own = { id: this.foreign, name: 'Own', amount: null, m: null, o: null, d: null };
    assert.deepEqual(plain(rows), [own, ...expected], 'the table');

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
    const open = sql
      .prepare(
        `SELECT id, observed_at AS o FROM zoho_mirror_rejected_record
                 WHERE module = ? AND resolved_at IS NULL AND id IN (${known.map((id) => `'${id}'`).join(', ')}) ORDER BY id, o`,
      )
      .all(table.module);
    assert.deepEqual(
      plain(open),
      [...this.open]
        .flatMap(([id, times]) => [...times].map((at) => ({ id, o: toIsoMs(instant(at)) })))
        .sort((a, b) => (a.id + a.o < b.id + b.o ? -1 : 1)),
      'the open rejects',
    );
    assert.equal((await db.checkpoint(`job-${seed}`))?.rowsDone ?? 0, this.rowsDone, 'the checkpoint');
  }
}

/** The driver's objects are of another realm where a test runs in one of its own. */
const plain = (rows: unknown[]): unknown => JSON.parse(JSON.stringify(rows));

const tell = (batch: readonly Observation[]): string =>
  batch
    .map((one) =>
      one.kind === 'gone'
        ? `${one.id} gone o=${one.observedAt - start}`
        : `${one.id} live m=${one.modifiedAt - start} o=${one.observedAt - start}`,
    )
    .join('; ');
