// How SQL Server spells tables, columns and types, and what it says about a table. Never changes anything itself.
import type { Knex } from 'knex';
import type { ColumnType } from '../../mirror/column-type';
import type { TableFacts } from '../dialect';
import type { ActualColumn, ActualKind } from '../layout';
import { plainName, splitTable } from '../names';
import type { TargetColumn, TargetTable } from '../target';

export const quote = (name: string): string => `[${plainName(name)}]`;

/** A text in a statement. Doubled quotes are all that it needs. */
export const literal = (text: string): string => `N'${text.replaceAll("'", "''")}'`;

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

/** Filtered, because a unique index of SQL Server takes NULL only once. */
export function addKeyIndex(table: string, key: { name: string; nullable: boolean }): string {
  const name = quote(`zoho_mirror_key_${splitTable(table).name}`.slice(0, 128));
  const filter = key.nullable ? ` WHERE ${quote(key.name)} IS NOT NULL` : '';
  return `CREATE UNIQUE INDEX ${name} ON ${target(table)} (${quote(key.name)})${filter}`;
}

const defaults: Partial<Record<ActualKind, string>> = {
  text: "N''",
  date: "'19000101'",
  datetime: "'19000101'",
};

/** What the index means for others. */
export const keyIndexCaution = (table: string, key: { name: string; nullable: boolean }): string =>
  key.nullable
    ? `The unique index of ${key.name} leaves out NULL: once it is there SQL Server refuses programs that write to ${table} with QUOTED_IDENTIFIER or ANSI_NULLS off (error 1934), and while it is built nobody can write; docs/existing-tables.md has another form`
    : `While the unique index of ${key.name} is built nobody can write to ${table}`;

export const addDefault = (table: string, column: ActualColumn): string =>
  `ALTER TABLE ${target(table)} ADD DEFAULT ${defaults[column.kind] ?? '0'} FOR ${quote(column.name)}`;

export const allowNull = (table: string, column: ActualColumn): string =>
  `ALTER TABLE ${target(table)} ALTER COLUMN ${quote(column.name)} ${column.declared} NULL`;

export const retype = (table: string, column: ActualColumn, type: ColumnType | string): string =>
  `ALTER TABLE ${target(table)} ALTER COLUMN ${quote(column.name)} ${typeof type === 'string' ? type : spell(type)}${column.nullable ? ' NULL' : ' NOT NULL'}`;

export async function facts(knex: Knex, table: string, key: string): Promise<TableFacts> {
  const name = target(table);
  const keys = (await knex.raw(
    `SELECT MAX(c.name) AS name
       FROM sys.indexes i
       JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
       JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
      WHERE i.object_id = OBJECT_ID(?) AND i.is_unique = 1 AND i.is_disabled = 0 AND ic.is_included_column = 0
        AND (i.filter_definition IS NULL OR i.filter_definition = '([' + c.name + '] IS NOT NULL)')
      GROUP BY i.index_id HAVING COUNT(*) = 1`,
    [name],
  )) as { name: string }[];
  const rights = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'ALTER'];
  const [granted = {}] = (await knex.raw(
    `SELECT USER_NAME() AS me, ${rights.map((right) => `HAS_PERMS_BY_NAME(?, 'OBJECT', '${right}') AS can_${right.toLowerCase()}`).join(', ')}`,
    rights.map(() => name),
  )) as Record<string, unknown>[];
  return {
    // Not every T-SQL server keeps the case of names there.
    uniqueKey: keys.some((one) => one.name.toLowerCase() === key.toLowerCase()),
    missingRights: rights.filter((right) => Number(granted[`can_${right.toLowerCase()}`]) === 0),
    user: `[${String(granted.me).replaceAll(']', ']]')}]`,
  };
}

interface Info {
  name: string;
  type: string;
  length: number | null;
  digits: number | null;
  scale: number | null;
  fraction: number | null;
  nullable: string;
  fallback: string | null;
  filled: number | null;
  code_page: number | null;
  computed: number | null;
  collation: string | null;
}

export async function describe(knex: Knex, table: string): Promise<ActualColumn[] | undefined> {
  const { schema, name } = splitTable(table);
  const rows = (await knex.raw(
    `SELECT c.COLUMN_NAME AS name, c.DATA_TYPE AS type, c.CHARACTER_MAXIMUM_LENGTH AS length,
            c.NUMERIC_PRECISION AS digits, c.NUMERIC_SCALE AS scale,
            c.DATETIME_PRECISION AS fraction, c.IS_NULLABLE AS nullable,
            c.COLUMN_DEFAULT AS fallback, CONVERT(int, COLLATIONPROPERTY(c.COLLATION_NAME, 'CodePage')) AS code_page,
            COLUMNPROPERTY(OBJECT_ID(?), c.COLUMN_NAME, 'IsIdentity') AS filled,
            COLUMNPROPERTY(OBJECT_ID(?), c.COLUMN_NAME, 'IsComputed') AS computed, c.COLLATION_NAME AS collation
       FROM INFORMATION_SCHEMA.COLUMNS c
      WHERE c.TABLE_NAME = ? AND c.TABLE_SCHEMA = COALESCE(?, SCHEMA_NAME())
      ORDER BY c.ORDINAL_POSITION`,
    [target(table), target(table), name, schema ?? null],
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
  const generated =
    row.filled === 1
      ? 'an identity'
      : row.computed === 1
        ? 'computed'
        : type === 'timestamp' || type === 'rowversion'
          ? 'a rowversion'
          : undefined;
  const decimal = kind === 'decimal' && row.digits !== null && row.scale !== null;
  return {
    name: row.name,
    kind,
    declared: declared(type, { ...row, length: maxLength }),
    maxLength,
    ...(range === undefined ? {} : { range }),
    ...(decimal ? { precision: Number(row.digits), scale: Number(row.scale) } : {}),
    ...(kind === 'datetime' ? { fraction: fractionOf(type, row) } : {}),
    nullable: row.nullable.toUpperCase() === 'YES',
    hasDefault: row.fallback !== null || generated !== undefined,
    ...(generated === undefined ? {} : { generated }),
    ...(row.collation === null ? {} : { collation: row.collation }),
    ...(type === 'char' || type === 'varchar' ? { codePage: row.code_page ?? 0 } : {}),
  };
}

/** A `datetime` knows only every third millisecond, whatever it says of itself. */
const fractionOf = (type: string, { fraction }: Info): number =>
  type === 'datetime2' ? (fraction ?? 7) : type === 'datetime' ? 2 : 0;

function declared(type: string, row: Info): string {
  if (kinds[type] === 'text') return `${type}(${row.length ?? 'max'})`;
  if (type === 'decimal' || type === 'numeric') return `${type}(${row.digits}, ${row.scale})`;
  return type;
}
