// Makes entries of a batch. What its table's columns cannot hold is set apart row by row, before anything is folded: it beats nothing, or
// the outcome would depend on how rows were put into batches. Pure.
import type { LiveObservation, Observation } from '../../mirror/observation';
import type { RecordId } from '../../mirror/record-id';
import type { BatchRows, Reject } from '../batch';
import type { Entries } from '../dialect';
import { combine, type Entry } from '../fold';
import type { Layout } from '../layout';
import { refusal, rejectOf } from '../table/limits';

export interface Folded {
  entries: Entries;
  /** Of all that fits, once each; with a batch that was prepared, of its rejects too. */
  ids: readonly RecordId[];
  rejects: readonly Reject[];
  /** Rows of the batch, and those that lost against another one of their id. */
  read: number;
  stale: number;
}

export const inMemory = (entries: readonly Entry[]): Entries => ({ entries, count: entries.length });

/** A `Preparer` has done the same where it was. */
export function foldedOf(layout: Layout, rows: BatchRows): Folded {
  if ('observations' in rows) return foldFitting(layout, rows.observations);
  const { count, encoded, ...rest } = rows.prepared;
  return { ...rest, entries: { count, encoded } };
}

function foldFitting(layout: Layout, observations: readonly Observation[]): Folded {
  const rejects: Reject[] = [];
  const fits = (live: LiveObservation): boolean => {
    const refused = refusal(layout, live.values);
    if (refused !== undefined) rejects.push(rejectOf(layout, live, refused));
    return refused === undefined;
  };
  const fitting = observations.filter((one) => one.kind === 'gone' || fits(one));
  const entries = combine(fitting);
  const live = fitting.filter(({ kind }) => kind === 'live').length;
  return {
    entries: inMemory(entries),
    ids: entries.map(({ id }) => id),
    rejects,
    read: live + rejects.length,
    stale: live - entries.filter((entry) => entry.live !== undefined).length,
  };
}
