// What a database must bring so that `store.ts` can keep the promises of `database.ts` on it. Types only.
import type { Knex } from 'knex';
import type { Instant } from '../mirror/instant';
import type { RecordId } from '../mirror/record-id';
import type { DifferenceKind } from './compare/comparison';
import type { Entry } from './fold';
import type { ActualColumn, Layout } from './layout';
import type { TargetColumn, TargetTable } from './target';

export type OwnTable =
  | 'sync_state'
  | 'tombstone'
  | 'rejected_record'
  | 'sync_run'
  | 'page_checkpoint'
  | 'oauth_token'
  | 'api_credits'
  | 'claim'
  | 'bookkeeping'
  | 'match_candidate'
  | 'match_ambiguous'
  | 'match_done'
  | 'comparison'
  | 'comparison_row'
  | 'comparison_reject';

/** `row`: a row is at fault; it is found by bisection and rejected. */
export interface Verdict {
  kind: 'retry' | 'permanent' | 'row';
  /** In our words. */
  means: string;
  code: string;
  /** Of a row's fault: what the database names as the column, to be held against the table's own. */
  column?: string;
  /** False: the database has not been heard. */
  reached?: false;
}

export interface Tally {
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
  /** Entries with content; those in none of the above are stale. */
  live: number;
}

/** What a table's columns do not tell. */
export interface TableFacts {
  /** The key column alone has a unique index or constraint. */
  uniqueKey: boolean;
  /** Of SELECT, INSERT, UPDATE, DELETE and ALTER. */
  missingRights: string[];
  /** Who the login is in this database, quoted. */
  user: string;
}

/**
 * What becomes of rows whose record is gone. Absent: what the table is told. `marked`: they stay, and the mirror's own columns say that they
 * are dead. `untouched`: only the tombstone says so.
 */
export type DeadRows = 'marked' | 'untouched';

/** Entries to be merged, numbered from 0; `encoded` by a `Preparer`. */
export type Entries = { count: number } & (
  { entries: readonly Entry[] } | { encoded: Uint8Array<ArrayBuffer> }
);

/** One transaction's merging into one table. */
export interface MergeSession {
  /** Takes these up in place of those that came before. */
  stage(staged: Entries): Promise<void>;
  /**
   * Merges what needs no plan: records that are new, and live ones that stay as they are. `apply` then merges the others, and none but
   * them, as numbers below `rest`, which is 0 when nothing is left. After an error, and a rollback, all is as it was staged.
   */
  fastPath(): Promise<{ inserted: number; unchanged: number; rest: number }>;
  /** What has this number. */
  entry(n: number): Promise<Entry | undefined>;
  /** Merges what has the numbers `from` up to, not including, `to`. */
  apply(range: {
    from: number;
    to: number;
    fromExport: boolean;
    dead?: DeadRows;
  }): Promise<{ tally: Tally; heldBack: RecordId[] }>;
  /** Open rejects of these ids, older than what is stored of them now, are settled; a newer reject replaces older ones. */
  settleRejects(ids: readonly RecordId[], at: Instant): Promise<void>;
  close(): Promise<void>;
}

/** One transaction's comparing of observations with one table. Writes nothing into the table itself. */
export interface CompareSession {
  /** What each entry's row is, beside what the entry shows. */
  judge(entries: readonly Entry[]): Promise<{ id: RecordId; kind: DifferenceKind }[]>;
  /** The same, kept as a run's comparison; what an earlier batch kept of these ids is replaced. */
  keep(entries: readonly Entry[], runId: string): Promise<void>;
  close(): Promise<void>;
}

export interface RegisterExpressions {
  /** The target, and what has to be joined to it. */
  t: string;
  join: string;
  key: string;
  /** The key as text. */
  id: string;
  m: string;
  o: string;
  d: string;
}

export interface Dialect {
  readonly name: 'sqlite' | 'mssql';
  /** Whether a batch may come as a `Preparer` makes it. */
  readonly takesPrepared: boolean;
  /** Rows a transaction: small enough to keep memory flat and locks short, large enough for set-based SQL. */
  readonly rowsPerBatch: number;
  /** Entries merged at a time. */
  readonly chunk: number;
  own(table: OwnTable): string;
  quote(name: string): string;
  target(table: string): string;
  /** A time of the mirror's own tables, as parameter. */
  writeTime(at: Instant): string;
  /** Any time of the database, as it comes back. */
  readTime(value: unknown): Instant | undefined;
  classify(error: unknown): Verdict;
  /** What answers, by name and version. Throws when it is too old. */
  server(knex: Knex): Promise<string>;
  /** Runs `work` in a transaction that no other process's migration or table change overlaps. */
  exclusively<T>(knex: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T>;
  readonly migrations: { tableName: string; schemaName?: string };
  savepoint(trx: Knex.Transaction): Promise<void>;
  rollbackToSavepoint(trx: Knex.Transaction): Promise<void>;
  releaseSavepoint(trx: Knex.Transaction): Promise<void>;
  /** Whether an error has left the transaction usable. */
  usable(trx: Knex.Transaction): Promise<boolean>;

  /** The columns of a table as they are; undefined when it does not exist. */
  describe(knex: Knex, table: string): Promise<ActualColumn[] | undefined>;
  facts(knex: Knex, table: string, key: string): Promise<TableFacts>;
  createTable(table: TargetTable, columns: readonly TargetColumn[]): string[];
  addColumn(table: string, column: TargetColumn): string;
  /** Undefined when the column takes every length anyway. */
  widen(table: string, column: TargetColumn, actual: ActualColumn): string | undefined;
  /** So that no id comes twice; rows without an id may be as many as there are. */
  addKeyIndex(table: string, key: { name: string; nullable: boolean }): string;
  /** What others who use the table have to know of that index first. */
  keyIndexCaution(table: string, key: { name: string; nullable: boolean }): string | undefined;
  /** Undefined where the dialect cannot. */
  addDefault(table: string, column: ActualColumn): string | undefined;
  allowNull(table: string, column: ActualColumn): string | undefined;
  /** Gives a column another type; only ever for a person to run. */
  retype(table: string, column: ActualColumn, type: TargetColumn['type'] | string): string | undefined;
  bookkeeping(table: TargetTable): { name: string; spelled: string }[];
  addBookkeeping(table: string, column: { name: string; spelled: string }): string;
  /** An expression that reads a column as its canonical text. */
  canonical(expression: string, type: TargetColumn['type'], actual: ActualColumn): string;
  /** `seconds` columns have no fraction. */
  targetTime(at: Instant, precision: 'seconds' | 'milliseconds'): string;
  /** A text by which rows are matched: without blanks around it, and `A` like `a`. */
  folded(expression: string): string;
  /** Updates the target, known as `t`, from a derived table that is known as `p`. */
  updateFrom(update: { target: string; set: string; from: string; on: string }): string;
  /** Where a SELECT says how many rows it wants. */
  page(limit: number): { top: string; limit: string };
  openMerge(trx: Knex.Transaction, layout: Layout): Promise<MergeSession>;
  /** How a statement that reads the target as `t` reaches the key and the mirror's three columns. */
  registers(layout: Layout): RegisterExpressions;
  openCompare(trx: Knex.Transaction, layout: Layout): Promise<CompareSession>;
}
