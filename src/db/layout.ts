// What a target table really looks like, and where each value of an observation goes. Never touches a database.
import type { BookkeepingColumns, TargetColumn, TargetTable } from './target';

export type ActualKind = 'integer' | 'decimal' | 'float' | 'boolean' | 'date' | 'datetime' | 'text' | 'other';

export interface ActualColumn {
  name: string;
  kind: ActualKind;
  /** The type as the database spells it, for CONVERT and for messages. */
  declared: string;
  /** Of text, in UTF-16 units; null is unlimited. */
  maxLength: number | null;
  /** Of integers: inclusive bounds. */
  range?: { min: bigint; max: bigint };
  /** Of decimals. */
  precision?: number;
  scale?: number;
  /** Of times: digits of a second's fraction. */
  fraction?: number;
  nullable: boolean;
  hasDefault: boolean;
  /** Of text in a code page, which lacks most of Unicode and counts bytes. */
  codePage?: number;
  /** Filled by the database and by nobody else. */
  generated?: 'an identity' | 'computed' | 'a rowversion';
  /** Of text. */
  collation?: string;
}

export interface Layout {
  table: TargetTable;
  key: ActualColumn;
  /** In the order of an observation's `values`. */
  columns: readonly ActualColumn[];
  /** Constants for columns that are not mapped, as text. */
  constants: readonly { column: ActualColumn; value: string }[];
  /** Columns that say whether the record is deleted, values as text. */
  flags: readonly Flag[];
}

export interface Flag {
  column: ActualColumn;
  deleted: string;
  live: string | null;
}

/** Names of the three columns where the mirror keeps them beside the target, in a table of its own. */
export const sideColumns: BookkeepingColumns = {
  modifiedAt: 'zoho_modified_at',
  observedAt: 'zoho_observed_at',
  deletedAt: 'zoho_deleted_at',
};

/** Names of the three columns, wherever they are. */
export const bookkeepingOf = ({ bookkeeping }: TargetTable): BookkeepingColumns =>
  bookkeeping === 'side-table' ? sideColumns : bookkeeping;

/** Names of the three columns if they are in the target itself. */
export const ownColumns = ({ bookkeeping }: TargetTable): string[] =>
  bookkeeping === 'side-table' ? [] : [bookkeeping.modifiedAt, bookkeeping.observedAt, bookkeeping.deletedAt];

/** Where a statement that reads the target as `t` finds the three columns: in `t` itself, or in `b`, which it then has to join. */
export const registersIn = (table: TargetTable): 't' | 'b' =>
  table.bookkeeping === 'side-table' ? 'b' : 't';

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const findColumn = (columns: readonly ActualColumn[], name: string): ActualColumn | undefined =>
  columns.find((column) => sameName(column.name, name));

export const scalarText = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value);

/** Constants whose column is not mapped: a mapped value always wins. */
export const freeConstants = (table: TargetTable): [string, string][] =>
  Object.entries(table.constants)
    .filter(([name]) => !table.columns.some((column) => sameName(column.name, name)))
    .map(([name, value]) => [name, scalarText(value)]);

/** The column that a constant gets when the mirror makes the table. */
export function constantColumn(name: string, value: string | number | boolean): TargetColumn {
  if (typeof value === 'boolean') return { name, type: { kind: 'boolean' } };
  if (typeof value === 'string') return { name, type: { kind: 'text', length: Math.max(255, value.length) } };
  if (Number.isSafeInteger(value)) return { name, type: { kind: 'bigint' } };
  return { name, type: { kind: 'decimal', precision: 38, scale: 10 } };
}

/** The layout, or undefined while a column is missing. */
export function layoutOf(table: TargetTable, actual: readonly ActualColumn[]): Layout | undefined {
  const key = findColumn(actual, table.key);
  const columns = table.columns.map((column) => findColumn(actual, column.name));
  const constants = freeConstants(table).map(([name, value]) => ({
    column: findColumn(actual, name),
    value,
  }));
  const own = ownColumns(table).map((name) => findColumn(actual, name));
  const flags = (table.deletedFlag ?? []).map((flag) => ({
    column: findColumn(actual, flag.column),
    deleted: scalarText(flag.deleted),
    live: flag.live === null ? null : scalarText(flag.live),
  }));
  if (key === undefined || !all(columns) || !all(own)) return undefined;
  const there = [...constants, ...flags].every(({ column }) => column !== undefined);
  if (!there) return undefined;
  return { table, key, columns, constants: constants as Layout['constants'], flags: flags as Flag[] };
}

const all = <T>(items: (T | undefined)[]): items is T[] => items.every((item) => item !== undefined);
