// What goes into a merge and what comes out. Types only.
import type { Counts } from '../contracts';
import type { Instant } from '../mirror/instant';
import type { Observation } from '../mirror/observation';
import type { RecordId } from '../mirror/record-id';
import type { Layout } from './layout';

export interface Reject {
  /** Absent when not even the id could be read. */
  id?: string;
  column?: string;
  /** In our words; a server's own text quotes values. */
  reason: string;
  /** The row as it came, as JSON. Kept in the database, never logged. */
  raw: string;
  modifiedAt?: Instant;
  observedAt: Instant;
}

/** A stored Modified_Time that Zoho no longer shows. */
export interface TakeBack {
  id: RecordId;
  /** The content register as it was read. */
  stored: { modifiedAt: Instant; observedAt: Instant };
  to: Instant;
}

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
  /** How many rows are in `encoded`. */
  count: number;
  encoded: Uint8Array<ArrayBuffer>;
}

/** A batch as it was read, or as a `Preparer` has made it ready, perhaps on another thread. */
export type BatchRows = { observations: readonly Observation[] } | { prepared: PreparedBatch };

/**
 * Moves a page's checkpoint, in the batch's transaction, from `from` to `to` CSV rows, by compare-and-set: throws `SupersededError` when
 * the checkpoint is not at `from` (a zombie attempt stops there).
 */
export interface CheckpointMove {
  jobId: string;
  from: number;
  to: number;
  complete: boolean;
}

export interface MergeRequest {
  rows: BatchRows;
  /** Rows that could not be typed; stored in the same transaction. */
  rejects: readonly Reject[];
  /**
   * An export may lag: its rows never revive a record that is gone. They are held back, and count as stale.
   * (They may still replace the content register, which leaves the record gone.)
   */
  fromExport: boolean;
  /**
   * What becomes of a batch of which rows are held back. `rollback`: nothing is committed, so that the caller can ask Zoho about them
   * before they count as done. Absent: the others are committed.
   */
  heldBack?: 'commit' | 'rollback';
  checkpoint?: CheckpointMove;
  /**
   * Rows to be written as a re-read showed them although their stored Modified_Time is later: it is taken back first, if both
   * registers still are what they were before the re-read.
   */
  takeBack?: readonly TakeBack[];
  signal?: AbortSignal;
}

export interface MergeResult {
  committed: boolean;
  counts: Counts;
  /** Ids whose export row would have revived a record that is gone. */
  heldBack: RecordId[];
}
