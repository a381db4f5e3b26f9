// What a target table really looks like, and where each value of an observation goes. Never touches a database.
import type { TargetColumn, TargetTable } from './database';

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
  nullable: boolean;
  hasDefault: boolean;
  /** Text in a code page, which lacks most of Unicode. */
  codePage?: boolean;
}

export interface Layout {
  table: TargetTable;
  key: ActualColumn;
  /** In the order of an observation's `values`. */
  columns: readonly ActualColumn[];
  /** Constants for columns that are not mapped, as text. */
  constants: readonly { column: ActualColumn; value: string }[];
}

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const findColumn = (columns: readonly ActualColumn[], name: string): ActualColumn | undefined =>
  columns.find((column) => sameName(column.name, name));

const constantText = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value);

/** Constants whose column is not mapped: a mapped value always wins. */
export const freeConstants = (table: TargetTable): [string, string][] =>
  Object.entries(table.constants)
    .filter(([name]) => !table.columns.some((column) => sameName(column.name, name)))
    .map(([name, value]) => [name, constantText(value)]);

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
  const own = Object.values(table.bookkeeping).map((name) => findColumn(actual, name));
  if (key === undefined || !all(columns) || !all(own)) return undefined;
  const known = constants.flatMap(({ column, value }) => (column === undefined ? [] : [{ column, value }]));
  if (known.length < constants.length) return undefined;
  return { table, key, columns, constants: known };
}

const all = <T>(items: (T | undefined)[]): items is T[] => items.every((item) => item !== undefined);
