export { openDatabase } from './open';
export { DatabaseError, SchemaMismatchError, SupersededError } from './errors';
export type { Comparison, DifferenceKind, DifferenceState, Findings, Judged } from './compare/comparison';
export type { AmbiguousRecord, Matched } from './match/matching';
export { Preparer } from './mssql/prepare';
export type {
  BookkeepingColumns,
  DeletedFlag,
  Finding,
  TableInspection,
  TableReport,
  TargetColumn,
  TargetTable,
} from './target';
export type {
  Database,
  LoadedAs,
  OpenCounts,
  OpenReject,
  PageCheckpoint,
  RecordedRun,
  RejectQuery,
  RunRecord,
  StoredRow,
  SpentMinute,
  SyncState,
} from './database';
export type { MergeRequest, MergeResult, Preparation, PreparedBatch, Reject, TakeBack } from './batch';
