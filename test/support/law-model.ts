// The law of the merge in a few lines of memory, to hold the databases against. Pure; shares no code with src/db.
import type { TypedValue } from '../../src/mirror/column-type';
import type { Observation } from '../../src/mirror/observation';

export interface ModelRow {
  id: string;
  values: readonly TypedValue[];
  m: number;
  o: number;
  /** g while dead. */
  d?: number;
}

interface Rec {
  content?: { m: number; o: number; values: readonly TypedValue[] };
  gone?: number;
}

export interface ModelCounts {
  read: number;
  inserted: number;
  updated: number;
  unchanged: number;
  stale: number;
  deleted: number;
}

type Live = Extract<Observation, { kind: 'live' }>;

const greater = (a: { m: number; o: number }, b: { m: number; o: number }): boolean =>
  a.m > b.m || (a.m === b.m && a.o > b.o);

const isLive = (rec: Rec): boolean =>
  rec.content !== undefined && Math.max(rec.content.m, rec.content.o) > (rec.gone ?? -Infinity);

export class LawModel {
  readonly #records = new Map<string, Rec>();

  constructor(private readonly deletes: 'soft' | 'hard') {}

  /** One batch: absences first, then the greatest content of each id. */
  merge(batch: readonly Observation[], fromExport = false): { counts: ModelCounts; heldBack: string[] } {
    const counts = { read: 0, inserted: 0, updated: 0, unchanged: 0, stale: 0, deleted: 0 };
    const heldBack: string[] = [];
    for (const id of new Set(batch.map((observation) => observation.id))) {
      const rec = this.#records.get(id) ?? {};
      this.#records.set(id, rec);
      const wasLive = isLive(rec);
      const hadRow = this.#hasRow(rec);
      const before = rec.content?.values;
      const lives = batch.filter((o): o is Live => o.kind === 'live' && o.id === id);
      for (const one of batch)
        if (one.kind === 'gone' && one.id === id) rec.gone = Math.max(rec.gone ?? -Infinity, one.observedAt);
      const best = lives
        .map((live) => ({ m: live.modifiedAt, o: live.observedAt, values: live.values }))
        .reduce<Rec['content']>((a, b) => (a === undefined || greater(b, a) ? b : a), undefined);
      counts.read += lives.length;
      if (best !== undefined) {
        const what = this.#take(rec, best, { fromExport, hadRow, wasLive, before });
        if (what === 'held') heldBack.push(id);
        counts[what === 'held' ? 'stale' : what] += 1;
        counts.stale += lives.length - 1;
      }
      if (wasLive && !isLive(rec)) counts.deleted += 1;
    }
    return { counts, heldBack: heldBack.sort() };
  }

  #hasRow = (rec: Rec): boolean => rec.content !== undefined && (this.deletes === 'soft' || isLive(rec));

  #take(
    rec: Rec,
    best: NonNullable<Rec['content']>,
    was: { fromExport: boolean; hadRow: boolean; wasLive: boolean; before?: readonly TypedValue[] },
  ): 'inserted' | 'updated' | 'unchanged' | 'stale' | 'held' {
    const equal = rec.content !== undefined && rec.content.m === best.m && rec.content.o === best.o;
    if (equal) return isLive(rec) ? 'unchanged' : 'stale';
    if (rec.content !== undefined && !greater(best, rec.content)) return 'stale';
    const revives = rec.gone !== undefined && !isLive(rec) && isLive({ content: best, gone: rec.gone });
    if (was.fromExport && revives) return 'held';
    rec.content = best;
    if (!isLive(rec)) return 'stale';
    if (!was.hadRow) return 'inserted';
    return was.wasLive && JSON.stringify(was.before) === JSON.stringify(best.values)
      ? 'unchanged'
      : 'updated';
  }

  /** The target table in id order. */
  rows(): ModelRow[] {
    return [...this.#records]
      .flatMap(([id, rec]) => {
        const { content, gone } = rec;
        if (content === undefined || !this.#hasRow(rec)) return [];
        return [{ id, ...content, ...(isLive(rec) || gone === undefined ? {} : { d: gone }) }];
      })
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  registers(id: string): { m?: number; o?: number; g?: number } {
    const rec = this.#records.get(id);
    return {
      ...(rec?.content === undefined ? {} : { m: rec.content.m, o: rec.content.o }),
      ...(rec?.gone === undefined ? {} : { g: rec.gone }),
    };
  }
}
