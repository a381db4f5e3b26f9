// Folds a batch to one entry an id, as both registers are maxima. Pure; never looks at what is stored.
import { later, type Instant } from '../mirror/instant';
import type { LiveObservation, Observation } from '../mirror/observation';
import type { RecordId } from '../mirror/record-id';

/** Everything that a batch says about one record. */
export interface Entry {
  id: RecordId;
  /** The greatest content by (m, o); the first of equals. */
  live?: LiveObservation;
  /** The greatest absence. */
  goneAt?: Instant;
}

export type Stamp = Pick<LiveObservation, 'modifiedAt' | 'observedAt'>;

export const beats = (a: Stamp, b: Stamp): boolean =>
  a.modifiedAt !== b.modifiedAt ? a.modifiedAt > b.modifiedAt : a.observedAt > b.observedAt;

export function combine(observations: readonly Observation[]): Entry[] {
  const entries = new Map<RecordId, Entry>();
  for (const observation of observations) {
    let entry = entries.get(observation.id);
    if (entry === undefined) entries.set(observation.id, (entry = { id: observation.id }));
    if (observation.kind === 'gone') {
      entry.goneAt =
        entry.goneAt === undefined ? observation.observedAt : later(entry.goneAt, observation.observedAt);
    } else if (entry.live === undefined || beats(observation, entry.live)) {
      entry.live = observation;
    }
  }
  return [...entries.values()];
}
