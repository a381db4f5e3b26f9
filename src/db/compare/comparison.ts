// Both sides of a mirror beside each other, set against set: what an export showed is kept in a table of the mirror, so neither side
// is ever in memory. Never writes into a target table. The judging itself is the dialect's SQL.
import type { Instant } from '../../mirror/instant';
import type { Observation } from '../../mirror/observation';
import type { RecordId } from '../../mirror/record-id';
import type { CheckpointMove } from '../batch';
import type { TargetTable } from '../target';

/** `missing`: Zoho has it, no live row of the mirror does. `extra`: the other way round. `stale`: both, but not the same. */
export type DifferenceKind = 'same' | 'missing' | 'stale' | 'extra';

/** `open`: found by comparing, not looked at yet. `real`: a re-read shows it too. `rejected`: the table cannot take the record. */
export type DifferenceState = 'open' | 'real' | 'repaired' | 'rejected';

export interface Judged {
  id: RecordId;
  kind: DifferenceKind;
  state: DifferenceState;
}

/** How a run's comparison stands. */
export interface Findings {
  /** Ids of either side. */
  compared: number;
  /** By state and kind. */
  open: Record<DifferenceKind, number>;
  real: Record<DifferenceKind, number>;
  repaired: Record<DifferenceKind, number>;
  rejected: number;
  /** Up to so many ids of each kind that are, or were, really different. */
  samples: Record<'missing' | 'stale' | 'extra' | 'rejected', RecordId[]>;
}

export interface ComparedBatch {
  runId: string;
  /** The first batch of a run, or of a run that starts again: what was kept before is dropped. */
  first: boolean;
  observations: readonly Observation[];
  /** Ids of rows that could not be read: they have to be looked at. */
  unreadable: readonly RecordId[];
  checkpoint: CheckpointMove;
  signal?: AbortSignal;
}

/** A table whose `columns` are none is compared by id and Modified_Time alone. */
export interface Comparison {
  /** Compares a batch of an export with the table and keeps the outcome, in one transaction with the page's checkpoint. */
  keep(table: TargetTable, batch: ComparedBatch): Promise<void>;
  /**
   * Once the export has been kept to its end: adds the live rows that it did not show, as far as nothing observed them since `before`.
   * Open rejects of records that do not differ otherwise, or that are on neither side, are kept as `rejected`. Answers the rows that
   * the mirror never wrote and the export did not show.
   */
  complete(
    table: TargetTable,
    run: { runId: string; before: Instant },
  ): Promise<{ foreign: number; foreignSamples: RecordId[]; live: number }>;
  /** Ids in id order, after `after`; those that are the same only where their state says more. */
  ids(
    runId: string,
    which: { states: readonly DifferenceState[]; kind?: DifferenceKind; after?: RecordId; limit: number },
  ): Promise<RecordId[]>;
  /** Observations made now, beside the rows as they are now. */
  judge(table: TargetTable, observations: readonly Observation[]): Promise<Map<RecordId, DifferenceKind>>;
  /** Those of these ids that have an open reject, and the Modified_Time that was refused, where it is known. */
  rejected(module: string, ids: readonly RecordId[]): Promise<Map<RecordId, Instant | undefined>>;
  settle(runId: string, judged: readonly Judged[]): Promise<void>;
  /** These are repaired; of what kind they were stays. */
  mend(runId: string, ids: readonly RecordId[]): Promise<void>;
  findings(runId: string): Promise<Findings>;
  /** Drops what a run kept. */
  drop(runId: string): Promise<void>;
}

export const kindCodes: Readonly<Record<DifferenceKind, number>> = {
  same: 0,
  missing: 1,
  stale: 2,
  extra: 3,
};

export const stateCodes: Readonly<Record<DifferenceState, number>> = {
  open: 0,
  real: 1,
  repaired: 2,
  rejected: 3,
};

export const kindOf = (code: unknown): DifferenceKind => {
  const found = Object.entries(kindCodes).find(([, known]) => known === Number(code));
  if (found === undefined) throw new RangeError('not a kind of difference');
  return found[0] as DifferenceKind;
};
