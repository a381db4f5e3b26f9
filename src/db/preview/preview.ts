// What a load would do to a table as it is, counted before anything is written into it. Values are tried against their columns;
// constraints and triggers are not.
import type { Previewed } from '../../contracts';
import type { Observation } from '../../mirror/observation';
import type { CheckpointMove, Reject } from '../batch';
import type { TargetTable } from '../target';

export interface PreviewedBatch {
  runId: string;
  first: boolean;
  observations: readonly Observation[];
  /** Rows that could not be typed. */
  rejects: readonly Reject[];
  checkpoint: CheckpointMove;
  signal?: AbortSignal;
}

export interface Preview {
  /** Compares a batch of an export with the table as it is, and keeps the outcome in one transaction with the page's checkpoint. */
  keep(table: TargetTable, batch: PreviewedBatch): Promise<void>;
  /** Once the export has been kept to its end. What the run kept is dropped with its comparison. */
  end(table: TargetTable, runId: string): Promise<Previewed>;
}
