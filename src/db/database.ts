// The one interface of the database room. It promises the law of the merge; the two dialects beside it keep the promise in SQL.
// Nothing here knows Zoho or Temporal.
import type { Counts } from '../contracts';
import type { TypedValue } from '../mirror/column-type';
import type { Instant } from '../mirror/instant';
import type { Registers } from '../mirror/observation';
import type { RecordId } from '../mirror/record-id';
import type { MergeRequest, MergeResult, Preparation, Reject } from './batch';
import type { Comparison } from './compare/comparison';
import type { Matching } from './match/matching';
import type { Preview } from './preview/preview';
import type { TableInspection, TableReport, TargetTable } from './target';

/** A row that could not go in and is not settled. */
export interface OpenReject extends Pick<Reject, 'id' | 'column' | 'reason'> {
  rejectedAt: Instant;
  /** Only when asked for: it is a record's contents. */
  raw?: string;
}

export interface RejectQuery {
  ids?: readonly string[];
  limit?: number;
  raw?: boolean;
}

/** Where a page stands. `rowsDone` rows of its CSV, in file order, are committed. */
export interface PageCheckpoint {
  jobId: string;
  rowsDone: number;
  complete: boolean;
  counts: Counts;
}

export interface SyncState {
  module: string;
  /** Everything up to here is in the table. Set by a complete run only. */
  watermark?: Instant;
  /** Of everything that the rows of the last load depend on. */
  fingerprint?: string;
  /** The same in words; absent where an earlier version has loaded. */
  loadedAs?: LoadedAs;
  /** Fields that Zoho refused to export, by API name. */
  droppedFields: string[];
}

/** How a table was loaded, so that a change can be told by name. Opaque to this room. */
export interface LoadedAs {
  /** Of typing. */
  rules: number;
  table: string;
  key: string;
  deletes: string;
  bookkeeping: string;
  flags: string;
  /** By the field's name. */
  fields: Readonly<Record<string, { column: string; type: string; codes?: string }>>;
}

export interface RunRecord {
  runId: string;
  workflow: string;
  module: string;
  outcome: 'running' | 'done' | 'failed' | 'cancelled';
  counts: Counts;
  detail?: string;
  /** When the run's first word comes; default: now. */
  startedAt?: Instant;
}

/** A row of `sync_run`. */
export interface RecordedRun extends RunRecord {
  startedAt: Instant;
  /** Of a run that has ended: when. */
  updatedAt: Instant;
}

export interface OpenCounts {
  live: number;
  deleted: number;
  /** Open rejects. */
  rejected: number;
}

/** What one process spent of the API credits in one minute. */
export interface SpentMinute {
  process: string;
  minute: Instant;
  credits: number;
  told?: { at: Instant; remaining?: number };
}

export interface Database {
  /** To be told, never to be asked. */
  readonly dialect: 'sqlite' | 'mssql';
  /** How many rows of an export it takes at a time. */
  readonly rowsPerBatch: number;
  readonly comparison: Comparison;
  readonly matching: Matching;
  readonly preview: Preview;

  /** Cheap round trip; throws a classified error while the database is not reachable. */
  ping(): Promise<void>;
  /** What answers, by name and version. Throws when it is too old to work with, as `migrate` does. */
  server(): Promise<string>;
  /** Creates and upgrades the mirror's own tables. Safe when several processes call it at once. */
  migrate(): Promise<void>;
  /**
   * Names of the steps that the mirror's own tables still lack: all of them before the first start. Throws what `migrate` throws when
   * they are newer than this version.
   */
  pendingMigrations(): Promise<string[]>;
  close(): Promise<void>;

  /**
   * What a first start and a first load would do to tables: those that are there are only looked at, those that are missing are made,
   * tried, and taken back. Answers a report a table; throws what would be in the way.
   */
  rehearse(tables: readonly TargetTable[]): Promise<TableReport[]>;

  /** Creates, extends or checks the target table. Throws `SchemaMismatchError` with every finding and the SQL to run. */
  ensureTable(table: TargetTable): Promise<TableReport>;

  /** What a `Preparer` needs to make batches of this table ready; undefined where there is nothing to prepare. */
  preparation(table: TargetTable): Promise<Preparation | undefined>;
  /** Everything there is to say about the target table. Changes nothing. */
  inspectTable(table: TargetTable): Promise<TableInspection>;
  /** Names of the columns that can be written, of a table that the mirror may not extend; undefined for any other. */
  fixedColumns(table: TargetTable): Promise<string[] | undefined>;
  /** The statements that make the mirror's own tables, for somebody who has the right. */
  ownTablesSql(): Promise<string[]>;

  /** Merges a batch (up to 50,000 observations) under the law, in one transaction. Running it again changes nothing. */
  merge(table: TargetTable, request: MergeRequest): Promise<MergeResult>;

  /** The stored registers of these ids (any number; chunked inside). Ids never observed are absent from the map. */
  registers(table: TargetTable, ids: readonly RecordId[]): Promise<Map<RecordId, Registers>>;

  /**
   * Live rows of the mirror whose observation is older than `before`, without those whose record was refused since: how many, and a page of
   * ids after `after` in id order.
   */
  countUnseen(table: TargetTable, before: Instant): Promise<number>;
  unseen(
    table: TargetTable,
    before: Instant,
    after: RecordId | undefined,
    limit: number,
  ): Promise<RecordId[]>;

  checkpoint(jobId: string): Promise<PageCheckpoint | undefined>;

  state(module: string): Promise<SyncState>;
  /** Moves the watermark forward only; answers where it now stands. */
  moveWatermark(module: string, to: Instant): Promise<Instant>;
  setLoaded(module: string, fingerprint: string, loadedAs: LoadedAs | undefined): Promise<void>;
  dropField(module: string, field: string): Promise<void>;
  /** Forgets what was dropped. */
  takeFieldsUp(module: string): Promise<void>;

  /** Writes or overwrites the row of a run. */
  recordRun(run: RunRecord): Promise<void>;
  /** Newest first. */
  lastRuns(module: string, limit: number): Promise<RecordedRun[]>;

  /**
   * Removes a piece of what nobody needs any more and is older than `before`: settled rejects, and the books of runs and pages. Answers
   * whether there may be more.
   */
  prune(module: string, before: Instant): Promise<boolean>;

  count(table: TargetTable): Promise<OpenCounts>;
  /** Without the table: how many rows of the module could not go in and are not settled. */
  openRejects(module: string): Promise<number>;
  /** Newest first. */
  listRejects(module: string, query: RejectQuery): Promise<OpenReject[]>;

  /** Every row of the target table in id order, canonical typed values. For comparing, never for syncing. */
  rows(table: TargetTable): AsyncIterable<StoredRow>;

  /** The OAuth access token that all processes share, sealed by the caller. */
  readToken(name: string): Promise<string | undefined>;
  writeToken(name: string, sealed: string): Promise<void>;

  /**
   * Takes the sole right to something for so long: 0, or the milliseconds for which another holder has it. Its holder may take it again,
   * and gives it back with 0. It ends after a quarter of an hour at the latest.
   */
  claim(name: string, holder: string, forMs: number): Promise<number>;

  /** Overwrites the figures of these minutes; forgets minutes of two days ago. */
  writeSpent(minutes: readonly SpentMinute[]): Promise<void>;
  /** Of all processes, from that minute on. */
  readSpent(since: Instant): Promise<SpentMinute[]>;
}

export interface StoredRow {
  id: RecordId;
  values: TypedValue[];
  modifiedAt?: Instant;
  observedAt?: Instant;
  deletedAt?: Instant;
}
