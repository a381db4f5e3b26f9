// Makes entries of a batch. What its table's columns cannot hold is set apart row by row, before anything is folded: it beats nothing, or
// the outcome would depend on how rows were put into batches. Pure.
import type { LiveObservation, Observation } from '../../mirror/observation';
import type { Reject } from '../batch';
import { combine, type Entry } from '../fold';
import type { Layout } from '../layout';
import { refusal, rejectOf } from '../table/limits';

export interface Folded {
  entries: Entry[];
  rejects: Reject[];
  /** Rows of the batch, and those that lost against another one of their id. */
  read: number;
  stale: number;
}

export function foldFitting(layout: Layout, observations: readonly Observation[]): Folded {
  const rejects: Reject[] = [];
  const fits = (live: LiveObservation): boolean => {
    const refused = refusal(layout, live.values);
    if (refused !== undefined) rejects.push(rejectOf(layout, live, refused));
    return refused === undefined;
  };
  const fitting = observations.filter((one) => one.kind === 'gone' || fits(one));
  const entries = combine(fitting);
  const live = fitting.filter(({ kind }) => kind === 'live').length;
  const stale = live - entries.filter((entry) => entry.live !== undefined).length;
  return { entries, rejects, read: live + rejects.length, stale };
}
