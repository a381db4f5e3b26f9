export { openDatabase } from './open';
export { DatabaseError, SchemaMismatchError, SupersededError } from './errors';
export type { Comparison, DifferenceKind, DifferenceState, Findings, Judged } from './compare/comparison';
export type { AmbiguousRecord, Matched } from './match/matching';
export { Preparer, type Preparation, type PreparedBatch } from './mssql/prepare';
export type {
  BookkeepingColumns,
  Database,
  DeletedFlag,
  Finding,
  MergeRequest,
  MergeResult,
  OpenCounts,
  OpenReject,
  PageCheckpoint,
  RecordedRun,
  Reject,
  RejectQuery,
  RunRecord,
  StoredRow,
  SpentMinute,
  SyncState,
  TableInspection,
  TableReport,
  TakeBack,
  TargetColumn,
  TargetTable,
} from './database';
