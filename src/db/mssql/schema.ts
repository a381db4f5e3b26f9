// How SQL Server spells tables, columns and types, and what it says about a table. Never changes anything itself.
import type { Knex } from 'knex';
import type { ColumnType } from '../../mirror/column-type';
import type { TargetColumn, TargetTable } from '../database';
import type { ActualColumn, ActualKind } from '../layout';
import { plainName, splitTable } from '../names';

export const quote = (name: string): string => `[${plainName(name)}]`;

export function target(table: string): string {
  const { schema, name } = splitTable(table);
  return schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
}

export const spell = (type: ColumnType): string => {
  switch (type.kind) {
    case 'bigint':
      return 'bigint';
    case 'integer':
      return 'int';
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`;
    case 'boolean':
      return 'bit';
    case 'date':
      return 'date';
    case 'datetime':
      return 'datetime2(0)';
    case 'text':
      return type.length === null || type.length > 4000 ? 'nvarchar(max)' : `nvarchar(${type.length})`;
  }
};

export function bookkeeping(table: TargetTable): { name: string; spelled: string }[] {
  if (table.bookkeeping === 'side-table') return [];
  const { modifiedAt, observedAt, deletedAt } = table.bookkeeping;
  return [
    { name: modifiedAt, spelled: 'datetime2(0)' },
    { name: observedAt, spelled: 'datetime2(3)' },
    { name: deletedAt, spelled: 'datetime2(3)' },
  ];
}

export function createTable(table: TargetTable, columns: readonly TargetColumn[]): string[] {
  const lines = [
    `${quote(table.key)} bigint NOT NULL PRIMARY KEY`,
    ...columns.map((column) => `${quote(column.name)} ${spell(column.type)} NULL`),
    ...bookkeeping(table).map(({ name, spelled }) => `${quote(name)} ${spelled} NULL`),
  ];
  return [`CREATE TABLE ${target(table.table)} (${lines.join(', ')})`];
}

export const addColumn = (table: string, column: TargetColumn): string =>
  `ALTER TABLE ${target(table)} ADD ${quote(column.name)} ${spell(column.type)} NULL`;

export const addBookkeeping = (table: string, column: { name: string; spelled: string }): string =>
  `ALTER TABLE ${target(table)} ADD ${quote(column.name)} ${column.spelled} NULL`;

/** Keeps code page and nullability; columns without NULL would become nullable if it were not said. */
export function widen(table: string, column: TargetColumn, actual: ActualColumn): string {
  const type = spell(column.type).replace(
    /^nvarchar/,
    actual.codePage !== undefined ? 'varchar' : 'nvarchar',
  );
  const nullability = actual.nullable ? '' : ' NOT NULL';
  return `ALTER TABLE ${target(table)} ALTER COLUMN ${quote(actual.name)} ${type}${nullability}`;
}

interface Info {
  name: string;
  type: string;
  length: number | null;
  digits: number | null;
  scale: number | null;
  nullable: string;
  fallback: string | null;
  filled: number | null;
  code_page: number | null;
}

export async function describe(knex: Knex, table: string): Promise<ActualColumn[] | undefined> {
  const { schema, name } = splitTable(table);
  const rows = (await knex.raw(
    `SELECT c.COLUMN_NAME AS name, c.DATA_TYPE AS type, c.CHARACTER_MAXIMUM_LENGTH AS length,
            c.NUMERIC_PRECISION AS digits, c.NUMERIC_SCALE AS scale, c.IS_NULLABLE AS nullable,
            c.COLUMN_DEFAULT AS fallback, CONVERT(int, COLLATIONPROPERTY(c.COLLATION_NAME, 'CodePage')) AS code_page,
            COLUMNPROPERTY(OBJECT_ID(?), c.COLUMN_NAME, 'IsIdentity') AS filled
       FROM INFORMATION_SCHEMA.COLUMNS c
      WHERE c.TABLE_NAME = ? AND c.TABLE_SCHEMA = COALESCE(?, SCHEMA_NAME())
      ORDER BY c.ORDINAL_POSITION`,
    [target(table), name, schema ?? null],
  )) as Info[];
  return rows.length === 0 ? undefined : rows.map(actual);
}

const kinds: Readonly<Record<string, ActualKind>> = {
  bigint: 'integer',
  int: 'integer',
  smallint: 'integer',
  tinyint: 'integer',
  decimal: 'decimal',
  numeric: 'decimal',
  money: 'decimal',
  smallmoney: 'decimal',
  float: 'float',
  real: 'float',
  bit: 'boolean',
  date: 'date',
  datetime: 'datetime',
  datetime2: 'datetime',
  smalldatetime: 'datetime',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
};

const ranges: Readonly<Record<string, { min: bigint; max: bigint }>> = {
  bigint: { min: -9223372036854775808n, max: 9223372036854775807n },
  int: { min: -2147483648n, max: 2147483647n },
  smallint: { min: -32768n, max: 32767n },
  tinyint: { min: 0n, max: 255n },
};

function actual(row: Info): ActualColumn {
  const type = row.type.toLowerCase();
  const kind = kinds[type] ?? 'other';
  const maxLength = kind !== 'text' || row.length === null || row.length < 0 ? null : row.length;
  const range = ranges[type];
  const decimal = kind === 'decimal' && row.digits !== null && row.scale !== null;
  return {
    name: row.name,
    kind,
    declared: declared(type, { ...row, length: maxLength }),
    maxLength,
    ...(range === undefined ? {} : { range }),
    ...(decimal ? { precision: Number(row.digits), scale: Number(row.scale) } : {}),
    nullable: row.nullable.toUpperCase() === 'YES',
    hasDefault: row.fallback !== null || row.filled === 1,
    ...(type === 'char' || type === 'varchar' ? { codePage: row.code_page ?? 0 } : {}),
  };
}

function declared(type: string, row: Info): string {
  if (kinds[type] === 'text') return `${type}(${row.length ?? 'max'})`;
  if (type === 'decimal' || type === 'numeric') return `${type}(${row.digits}, ${row.scale})`;
  return type;
}
