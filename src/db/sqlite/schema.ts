// How SQLite spells tables, columns and types, and what it says about a table. Never changes anything itself.
import type { Knex } from 'knex';
import type { ColumnType } from '../../mirror/column-type';
import type { TableFacts } from '../dialect';
import { sameName, type ActualColumn, type ActualKind } from '../layout';
import { plainName, splitTable } from '../names';
import type { TargetColumn, TargetTable } from '../target';

export const quote = (name: string): string => `"${plainName(name)}"`;

/** SQLite has no schemas: the mirror's own is a prefix, any other is dropped. */
export function targetName(table: string): string {
  const { schema, name } = splitTable(table);
  return schema?.toLowerCase() === 'zoho_mirror' ? `zoho_mirror_${name}` : name;
}

export const target = (table: string): string => quote(targetName(table));

const spell = (type: ColumnType): string => {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'boolean':
      return 'INTEGER';
    case 'decimal':
    case 'date':
    case 'datetime':
    case 'text':
      return 'TEXT';
  }
};

export function bookkeeping(table: TargetTable): { name: string; spelled: string }[] {
  if (table.bookkeeping === 'side-table') return [];
  const { modifiedAt, observedAt, deletedAt } = table.bookkeeping;
  return [modifiedAt, observedAt, deletedAt].map((name) => ({ name, spelled: 'TEXT' }));
}

export function createTable(table: TargetTable, columns: readonly TargetColumn[]): string[] {
  const lines = [
    `${quote(table.key)} INTEGER PRIMARY KEY`,
    ...columns.map((column) => `${quote(column.name)} ${spell(column.type)}`),
    ...bookkeeping(table).map(({ name, spelled }) => `${quote(name)} ${spelled}`),
  ];
  return [`CREATE TABLE ${target(table.table)} (${lines.join(', ')})`];
}

export const addColumn = (table: string, column: TargetColumn): string =>
  `ALTER TABLE ${target(table)} ADD COLUMN ${quote(column.name)} ${spell(column.type)}`;

export const addBookkeeping = (table: string, column: { name: string; spelled: string }): string =>
  `ALTER TABLE ${target(table)} ADD COLUMN ${quote(column.name)} ${column.spelled}`;

export const addKeyIndex = (table: string, key: { name: string }): string =>
  `CREATE UNIQUE INDEX ${quote(`zoho_mirror_key_${targetName(table)}`)} ON ${target(table)} (${quote(key.name)})`;

/** SQLite lets one write at a time anyway. */
export const keyIndexCaution = (): undefined => undefined;

/** SQLite changes no column that is there. */
export const addDefault = (): undefined => undefined;
export const allowNull = (): undefined => undefined;
export const retype = (): undefined => undefined;

export async function facts(knex: Knex, table: string, key: string): Promise<TableFacts> {
  const rows = (await knex.raw(
    `SELECT i.seq, c.name FROM pragma_index_list(?) i JOIN pragma_index_info(i.name) c WHERE i."unique" = 1`,
    [targetName(table)],
  )) as { seq: number; name: string }[];
  const bySeq = new Map<number, string[]>();
  for (const { seq, name } of rows) bySeq.set(seq, [...(bySeq.get(seq) ?? []), name]);
  const columns = (await knex.raw(`SELECT * FROM pragma_table_info(?)`, [targetName(table)])) as TableInfo[];
  // An INTEGER PRIMARY KEY is the row's own number and needs no index.
  const primary = columns.filter(({ pk }) => pk > 0).map(({ name }) => name);
  const single = [primary, ...bySeq.values()].filter((names) => names.length === 1);
  return { uniqueKey: single.some(([name]) => sameName(name ?? '', key)), missingRights: [], user: '' };
}

interface TableInfo {
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
  /** 2 and 3: a generated column. */
  hidden?: number;
}

export async function describe(knex: Knex, table: string): Promise<ActualColumn[] | undefined> {
  const rows = (await knex.raw(`SELECT * FROM pragma_table_xinfo(?)`, [targetName(table)])) as TableInfo[];
  return rows.length === 0 ? undefined : rows.map(actual);
}

const int64 = { min: -9223372036854775808n, max: 9223372036854775807n };

function actual(row: TableInfo): ActualColumn {
  const kind = kindOf(row.type);
  // SQLite ignores a declared length; the mirror keeps to it, as the real server behind such a table would.
  const length = kind === 'text' ? /\((\d+)\)/.exec(row.type)?.[1] : undefined;
  const digits = kind === 'decimal' ? /\((\d+)(?:\s*,\s*(\d+))?\)/.exec(row.type) : null;
  return {
    name: row.name,
    kind,
    declared: row.type,
    maxLength: length === undefined ? null : Number(length),
    ...(kind === 'integer' ? { range: int64 } : {}),
    ...(digits === null ? {} : { precision: Number(digits[1]), scale: Number(digits[2] ?? 0) }),
    nullable: row.notnull === 0,
    hasDefault: row.dflt_value !== null || row.pk > 0 || (row.hidden ?? 0) > 1,
    ...((row.hidden ?? 0) > 1 ? { generated: 'computed' as const } : {}),
  };
}

/** The rules of column affinity, https://www.sqlite.org/datatype3.html §3.1. */
function kindOf(declared: string): ActualKind {
  const type = declared.toUpperCase();
  if (type.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text';
  if (type.includes('BLOB') || type === '') return 'other';
  if (/REAL|FLOA|DOUB/.test(type)) return 'float';
  return /DEC|NUM/.test(type) ? 'decimal' : 'other';
}

/** The affinity that a staged column needs so that its values compare as the target's do. */
export function affinity(column: ActualColumn): string {
  const type = column.declared.toUpperCase();
  if (column.kind === 'integer') return 'INTEGER';
  if (column.kind === 'text') return 'TEXT';
  if (column.kind === 'float') return 'REAL';
  return type.includes('BLOB') || type === '' ? 'BLOB' : 'NUMERIC';
}
