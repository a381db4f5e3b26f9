export { openDatabase } from './open';
export { DatabaseError, SchemaMismatchError, SupersededError } from './errors';
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
  TargetColumn,
  TargetTable,
} from './database';
