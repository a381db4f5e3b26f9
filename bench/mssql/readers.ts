// How long the readers of a table may have to wait: how long one batch's transaction holds rows of it, and how long a reader then waited.
import { Preparer, type Database, type MergeRequest, type TargetTable } from '../../src/db';
import { instant, type LiveObservation } from '../../src/mirror';
import { connectMssql, createDatabase, mssqlDialect, mssqlSettings } from './product';
import { dropTable, openServer } from './server';

/** Of one batch that is all new, and of one that changes each of its rows. */
export interface Waits {
  rows: number;
  /** From the first statement that touches the table to the end of the commit. */
  insertHeldMs: number;
  updateHeldMs: number;
  /** Of the whole batch, its sending included. */
  insertRowsPerSecond: number;
  updateRowsPerSecond: number;
  /** The longest of the reads of single rows that went on beside the changes. */
  longestReadMs: number;
}

export async function measureReaders(
  url: string,
  table: TargetTable,
  observations: readonly LiveObservation[],
): Promise<Waits> {
  const watch = new Watch();
  const db = createDatabase(connectMssql(mssqlSettings(url)), watch.dialect());
  const mirrored = { ...table, module: 'bench_readers', table: 'bench_readers' };
  try {
    await db.ensureTable(mirrored);
    const inserting = await prepared(db, mirrored, observations);
    const text = table.columns.findIndex(({ type }) => type.kind === 'text' && (type.length ?? 100) >= 40);
    const changed = observations.map((one) => ({
      ...one,
      observedAt: instant(one.observedAt + 1),
      values: one.values.map((value, i) => (i === text ? 'changed' : value)),
    }));
    const updating = await prepared(db, mirrored, changed);
    const reader = new PointReader(url, observations[0]!.id);
    const inserted = await watch.times(() => db.merge(mirrored, inserting));
    reader.start();
    const updated = await watch.times(() => db.merge(mirrored, updating));
    const longestReadMs = await reader.stop();
    const rows = observations.length;
    const rate = ({ tookMs }: { tookMs: number }): number => Math.round((rows / tookMs) * 1_000);
    return {
      rows,
      insertHeldMs: inserted.heldMs,
      updateHeldMs: updated.heldMs,
      insertRowsPerSecond: rate(inserted),
      updateRowsPerSecond: rate(updated),
      longestReadMs,
    };
  } finally {
    await db.close();
    const knex = openServer(url);
    await dropTable(knex, mirrored.table);
    await knex.destroy();
  }
}

async function prepared(
  db: Database,
  table: TargetTable,
  observations: readonly LiveObservation[],
): Promise<MergeRequest> {
  const preparer = new Preparer((await db.preparation(table))!);
  for (const one of observations) preparer.add(one);
  return { rows: { prepared: preparer.finish() }, rejects: [], fromExport: true };
}

/** Sees when a merge first touches its table. */
class Watch {
  private touchedAt = 0;

  dialect(): typeof mssqlDialect {
    return {
      ...mssqlDialect,
      openMerge: async (trx, layout) => {
        const session = await mssqlDialect.openMerge(trx, layout);
        return {
          ...session,
          fastPath: () => {
            this.touchedAt = performance.now();
            return session.fastPath();
          },
        };
      },
    };
  }

  async times(merge: () => Promise<unknown>): Promise<{ tookMs: number; heldMs: number }> {
    const began = performance.now();
    await merge();
    const now = performance.now();
    return { tookMs: Math.round(now - began), heldMs: Math.round(now - this.touchedAt) };
  }
}

class PointReader {
  private longest = 0;
  private running = false;
  private done: Promise<void> = Promise.resolve();

  constructor(
    private readonly url: string,
    private readonly id: string,
  ) {}

  start(): void {
    this.running = true;
    this.done = this.read();
  }

  async stop(): Promise<number> {
    this.running = false;
    await this.done;
    return Math.round(this.longest);
  }

  private async read(): Promise<void> {
    const knex = openServer(this.url);
    while (this.running) {
      const began = performance.now();
      await knex.raw(`SELECT id FROM bench_readers WHERE id = ${this.id}`);
      this.longest = Math.max(this.longest, performance.now() - began);
    }
    await knex.destroy();
  }
}
