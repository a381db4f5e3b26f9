// A target table as it is wanted, and what is found about the one that is there. Types only.
import type { ColumnType } from '../mirror/column-type';

export interface BookkeepingColumns {
  modifiedAt: string;
  observedAt: string;
  deletedAt: string;
}

export interface DeletedFlag {
  column: string;
  deleted: string | number | boolean;
  live: string | number | boolean | null;
}

export interface TargetColumn {
  /** Plain name; quoted by the dialect. */
  name: string;
  type: ColumnType;
}

/** A target table as the configuration and Zoho's metadata want it. */
export interface TargetTable {
  /** Keys the mirror's own tables. */
  module: string;
  /** `dbo.Leads` or `Leads`. */
  table: string;
  /** Column that holds the Zoho id. */
  key: string;
  /** Mapped columns without the key, in the order of an observation's `values`. */
  columns: readonly TargetColumn[];
  deletes: 'soft' | 'hard';
  /** Absent: extend a table that the mirror made, check any other. */
  schema?: 'extend' | 'check';
  /** The mirror's own three columns: their names in the table, or beside it in a table of the mirror's own. */
  bookkeeping: BookkeepingColumns | 'side-table';
  /** Columns that say whether the record is deleted; the mirror writes both values. */
  deletedFlag?: readonly DeletedFlag[];
  /** Written on insert only, into columns that are not mapped. */
  constants: Readonly<Record<string, string | number | boolean>>;
  /** Columns of `columns` by which old rows without an id are found. */
  match?: readonly string[];
}

/** Something about a target table that a person may want to know, or has to mend. */
export interface Finding {
  /** `add`, `widen`: what the mirror does by itself where it may. */
  kind: 'add' | 'widen' | 'person';
  /** Nothing can be loaded until it is mended. */
  blocks: boolean;
  column?: string;
  text: string;
  /** What would mend it, as one would type it. */
  statements: readonly string[];
}

export interface TableReport {
  created: boolean;
  added: string[];
  widened: string[];
  /** What is not as it should be, and loading goes on nevertheless. */
  notes?: Finding[];
}

export interface TableInspection {
  exists: boolean;
  /** Whether the mirror changes the table by itself. */
  mode: 'extend' | 'check';
  findings: Finding[];
}
