export { openDatabase } from './open';
export { DatabaseError, SchemaMismatchError, SupersededError } from './errors';
export type { Comparison, DifferenceKind, DifferenceState, Findings, Judged } from './comparison';
export type {
  BookkeepingColumns,
  Database,
  DeletedFlag,
  MergeRequest,
  MergeResult,
  OpenCounts,
  PageCheckpoint,
  RecordedRun,
  Reject,
  RunRecord,
  StoredRow,
  SpentMinute,
  SyncState,
  TableReport,
  TakeBack,
  TargetColumn,
  TargetTable,
} from './database';
