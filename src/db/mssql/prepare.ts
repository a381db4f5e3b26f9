// Makes a batch ready for its table where no database is at hand: checked against its columns, folded by id, encoded as it will be
// sent. Pure; SQLite needs none of it.
import type { LiveObservation } from '../../mirror/observation';
import { recordId, type RecordId } from '../../mirror/record-id';
import type { Preparation, PreparedBatch, Reject } from '../batch';
import { beats, type Stamp } from '../fold';
import type { Layout } from '../layout';
import { refusal, rejectOf } from '../table/limits';
import { RowEncoder } from './rows';

/** Takes the observations one by one, so that no more than one is in memory beside the encoded rows. */
export class Preparer {
  private readonly layout: Layout;
  private readonly encoder: RowEncoder;
  private readonly places = new Map<RecordId, { row: number; best: Stamp }>();
  private readonly beaten = new Set<number>();
  private readonly rejects: Reject[] = [];
  private rows = 0;
  private read = 0;

  /** `memory` of an earlier batch, which nobody needs any more, is written over. */
  constructor({ layout }: Preparation, memory?: ArrayBuffer) {
    this.layout = layout;
    this.encoder = new RowEncoder(layout.columns, memory);
  }

  add(observation: LiveObservation): void {
    this.read += 1;
    const refused = refusal(this.layout, observation.values);
    if (refused !== undefined) {
      this.rejects.push(rejectOf(this.layout, observation, refused));
      return;
    }
    const { modifiedAt, observedAt } = observation;
    const id = apart(observation.id);
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
      encoded: this.encoder.finish(this.beaten),
    };
  }
}

/** A cell is a slice of the text it was cut out of and keeps all of that in memory; the ids of a batch would keep the whole batch. */
const apart = (id: RecordId): RecordId => recordId(BigInt(id).toString());
