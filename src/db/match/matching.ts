// Old rows that lack the Zoho id get it once, if exactly one record and one row have the same values in the chosen columns.
// What could be more than one pair is listed and left alone.
import type { Observation } from '../../mirror/observation';
import type { RecordId } from '../../mirror/record-id';
import type { CheckpointMove } from '../batch';
import type { TargetTable } from '../target';

export interface OfferedBatch {
  observations: readonly Observation[];
  /** The first batch of a matching that begins, or begins again: what was offered before is dropped. */
  first: boolean;
  checkpoint: CheckpointMove;
  signal?: AbortSignal;
}

export interface Matched {
  adopted: number;
  /** Records that could be more than one row, or share their row with other records. */
  ambiguous: number;
}

export interface AmbiguousRecord {
  id: RecordId;
  rows: number;
  records: number;
}

export interface Matching {
  /** Whether there is nothing to do: no columns are chosen, or it was done by these. */
  settled(table: TargetTable): Promise<boolean>;
  /** Keeps the records of an export beside the table, in one transaction with the page's checkpoint. */
  offer(table: TargetTable, batch: OfferedBatch): Promise<void>;
  /** Lists what is ambiguous and gives the other rows their ids, some thousand rows a transaction. Running it again does the rest. */
  adopt(table: TargetTable, signal?: AbortSignal): Promise<Matched>;
  /** In id order. */
  ambiguous(module: string, limit: number): Promise<AmbiguousRecord[]>;
}
