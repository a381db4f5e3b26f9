// What a load would do to a table as it is, counted before anything is written into it. Values are tried against their columns;
// constraints and triggers are not.
import type { Observation } from '../mirror/observation';
import type { RecordId } from '../mirror/record-id';
import type { MergeRequest, Reject, TargetTable } from './database';

export interface PreviewedBatch {
  runId: string;
  first: boolean;
  observations: readonly Observation[];
  /** Rows that could not be typed. */
  rejects: readonly Reject[];
  checkpoint: NonNullable<MergeRequest['checkpoint']>;
  signal?: AbortSignal;
}

export interface Previewed {
  inserted: number;
  updated: number;
  unchanged: number;
  /** Rows that are there, not the mirror's yet, and would become it: by their id, or by the columns of `match`. */
  adopted: number;
  /** Of these, those found by `match`. */
  matched: number;
  /** Records that could be more than one old row, or share theirs: the old rows stay as they are. */
  ambiguous: number;
  rejected: number;
  /** Column → how many records it cannot take; `''` where it is not known which. */
  rejectedBy: Record<string, number>;
  /** Rows that are not the mirror's and would stay so. */
  foreign: number;
  /** Live rows of the mirror that the export does not show: they would be re-read. */
  unseen: number;
  samples: Record<'foreign' | 'rejected' | 'ambiguous', RecordId[]>;
}

export interface Preview {
  /** Compares a batch of an export with the table as it is, and keeps the outcome in one transaction with the page's checkpoint. */
  keep(table: TargetTable, batch: PreviewedBatch): Promise<void>;
  /** Once the export has been kept to its end. What the run kept is dropped with its comparison. */
  end(table: TargetTable, runId: string): Promise<Previewed>;
}
