// What goes into reading one page of a Bulk Read export, and what comes out. Plain data: it crosses a thread boundary.
import type { Instant } from '../mirror/instant';
import type { Mapping } from '../mirror/mapping';
import type { LiveObservation } from '../mirror/observation';
import type { Preparation, PreparedBatch, Reject } from '../db';

export interface PagePlan {
  mapping: Mapping;
  /** Stamped on every row: the `created_time` of the chain's first job. */
  observedAt: Instant;
  /** Rows that Zoho says the page has; anything else is a page to be taken again. */
  expectedRows: number;
  /** Rows already committed, in file order. They are read past, not typed. */
  skipRows: number;
  batchRows: number;
  /** Batches are made ready for this table on the thread that parses. */
  preparation?: Preparation;
}

export interface PageBatch {
  /** Rows [from, to) of the CSV. */
  from: number;
  to: number;
  /** Made ready if the plan says for which table. */
  rows: { observations: LiveObservation[] } | { prepared: PreparedBatch };
  /** Rows that cannot be typed, each as JSON by column of the CSV. */
  rejects: Reject[];
  /** Only true once the end of the zip, its checksum and the row count have been seen. */
  last: boolean;
}

/** The rows of a batch that was not made ready. */
export function observationsOf({ rows }: PageBatch): LiveObservation[] {
  if ('observations' in rows) return rows.observations;
  throw new Error('Rows that were made ready for a table are no observations any more');
}

/** What the encoded rows of a batch lie in: it changes hands between threads, and comes back for another batch. */
export const memoryOf = ({ rows }: PageBatch): ArrayBuffer[] =>
  'prepared' in rows ? [rows.prepared.encoded.buffer] : [];

/** The page did not arrive whole, or is not what was asked for: it must be taken again. */
export class PageError extends Error {
  constructor(
    readonly code: 'TRUNCATED' | 'CHECKSUM' | 'ROW_COUNT' | 'COLUMNS' | 'CSV' | 'ZIP' | 'TOO_LARGE',
    message: string,
  ) {
    super(message);
    this.name = 'PageError';
  }
}
