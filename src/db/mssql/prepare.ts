// Makes a batch ready for its table where no database is at hand: folded by id, checked against its columns, encoded as it will be
// sent. Pure; SQLite needs none of it.
import type { LiveObservation } from '../../mirror/observation';
import type { RecordId } from '../../mirror/record-id';
import { beats, type Entry, type Stamp } from '../fold';
import type { Reject } from '../database';
import type { Layout } from '../layout';
import { refusal } from '../table/limits';
import { RowEncoder } from './rows';
import { rejectOf } from '../own/rejects';

/** What has to be known about a table. Plain data: it crosses a thread boundary, as does what comes out. */
export interface Preparation {
  layout: Layout;
}

export interface PreparedBatch {
  /** Of all observations, once each. */
  ids: RecordId[];
  /** Rows of the batch, and those that lost against another one of their id. */
  read: number;
  stale: number;
  /** Rows that their columns cannot hold. */
  rejects: Reject[];
  /** What the rows are encoded for. */
  layout: Layout;
  /** How many rows are in `rows`. */
  count: number;
  rows: Uint8Array<ArrayBuffer>;
}

/** Takes the observations one by one, so that no more than one is in memory beside the encoded rows. */
export class Preparer {
  private readonly layout: Layout;
  private readonly encoder: RowEncoder;
  private readonly places = new Map<RecordId, { row: number; best: Stamp }>();
  private readonly beaten = new Set<number>();
  private readonly rejects: Reject[] = [];
  private rows = 0;
  private read = 0;

  constructor({ layout }: Preparation) {
    this.layout = layout;
    this.encoder = new RowEncoder(layout.columns);
  }

  add(observation: LiveObservation): void {
    this.read += 1;
    const refused = refusal(this.layout, observation.values);
    if (refused !== undefined) {
      this.rejects.push(rejectOf(this.layout, observation, refused));
      return;
    }
    const { id, modifiedAt, observedAt } = observation;
    const other = this.places.get(id);
    this.encoder.add(observation);
    const best = { modifiedAt, observedAt };
    if (other === undefined) this.places.set(id, { row: this.rows, best });
    else if (beats(best, other.best)) {
      this.beaten.add(other.row);
      this.places.set(id, { row: this.rows, best });
    } else this.beaten.add(this.rows);
    this.rows += 1;
  }

  finish(): PreparedBatch {
    const rejected = this.rejects.map(({ id }) => id as RecordId);
    return {
      ids: [...this.places.keys(), ...rejected],
      read: this.read,
      stale: this.beaten.size,
      rejects: this.rejects,
      layout: this.layout,
      count: this.places.size,
      rows: this.encoder.finish(this.beaten),
    };
  }
}

/** Counts what was read, and takes the content off an entry whose values do not fit. */
export function sort(
  layout: Layout,
  entries: readonly Entry[],
): { fitting: Entry[]; rejects: Reject[]; read: number; stale: number } {
  const fitting: Entry[] = [];
  const rejects: Reject[] = [];
  let read = 0;
  let stale = 0;
  for (const entry of entries) {
    if (entry.live === undefined) {
      fitting.push(entry);
      continue;
    }
    read += entry.beaten + 1;
    stale += entry.beaten;
    const refused = refusal(layout, entry.live.values);
    if (refused === undefined) {
      fitting.push(entry);
      continue;
    }
    rejects.push(rejectOf(layout, entry.live, refused));
    if (entry.goneAt !== undefined) fitting.push(withoutContent(entry));
  }
  return { fitting, rejects, read, stale };
}

export const withoutContent = ({ id, goneAt }: Entry): Entry => ({
  id,
  beaten: 0,
  ...(goneAt === undefined ? {} : { goneAt }),
});
