// What stands between a table as it is and what the mirror has to write into it: all findings at once, with the SQL that mends them. Changes nothing.
import type { ColumnType } from '../../mirror/column-type';
import type { Dialect, TableFacts } from '../dialect';
import {
  constantColumn,
  findColumn,
  freeConstants,
  ownColumns,
  sameName,
  scalarText,
  type ActualColumn,
  type ActualKind,
} from '../layout';
import type { Finding, TableInspection, TargetColumn, TargetTable } from '../target';
import { misfit } from './limits';

interface Inspected {
  dialect: Dialect;
  table: TargetTable;
  actual: readonly ActualColumn[];
  facts: TableFacts;
  /** Whether the mirror changes the table by itself. */
  mode: TableInspection['mode'];
}

/** The table's columns as the configuration wants them, without key and bookkeeping. */
export const wantedColumns = (table: TargetTable): TargetColumn[] => [
  ...table.columns,
  ...freeConstants(table).map(([name]) => constantColumn(name, table.constants[name] ?? '')),
  ...(table.deletedFlag ?? []).map(({ column, deleted }) => constantColumn(column, deleted)),
];

export function inspect(inspected: Inspected): Finding[] {
  const findings = [
    ...keyColumn(inspected),
    ...missingColumns(inspected),
    ...bookkeepingTypes(inspected),
    ...columnTypes(inspected),
    ...fixedValues(inspected),
    ...narrowColumns(inspected),
    ...narrowNumbers(inspected),
    ...unfilledColumns(inspected),
  ];
  return [...rights(inspected, findings), ...findings];
}

function rights({ dialect, table, facts, mode }: Inspected, findings: readonly Finding[]): Finding[] {
  const alters = mode === 'extend' && findings.some(({ kind }) => kind !== 'person');
  const needed = [
    'SELECT',
    'INSERT',
    'UPDATE',
    ...(table.deletes === 'hard' ? ['DELETE'] : []),
    ...(alters ? ['ALTER'] : []),
  ];
  const missing = needed.filter((right) => facts.missingRights.includes(right));
  if (missing.length === 0) return [];
  return [
    {
      kind: 'person',
      blocks: true,
      text: `The login may not ${missing.join(', ')} on ${table.table}`,
      statements: [`GRANT ${missing.join(', ')} ON ${dialect.target(table.table)} TO ${facts.user}`],
    },
  ];
}

/** Zoho's ids have up to 19 digits. */
const longestId = 10n ** 18n;

export const holdsIds = ({ kind, range, precision, scale }: ActualColumn): boolean =>
  (kind === 'integer' && (range === undefined || range.max >= longestId)) ||
  (kind === 'decimal' && (precision === undefined || precision - (scale ?? 0) >= 19));

function keyColumn({ dialect, table, actual, facts }: Inspected): Finding[] {
  const key = findColumn(actual, table.key);
  const another = (name: string): string[] => [
    dialect.addColumn(table.table, { name, type: { kind: 'bigint' } }),
    dialect.addKeyIndex(table.table, { name, nullable: true }),
  ];
  const caution = (column: { name: string; nullable: boolean }): Finding[] => {
    const text = dialect.keyIndexCaution(table.table, column);
    return text === undefined ? [] : [{ kind: 'person', blocks: false, text, statements: [] }];
  };
  if (key === undefined)
    return [
      {
        kind: 'add',
        blocks: true,
        column: table.key,
        text: `Table ${table.table} has no key column ${table.key}`,
        statements: another(table.key),
      },
      ...caution({ name: table.key, nullable: true }),
    ];
  const wrong =
    key.generated !== undefined
      ? `is ${key.generated}, which only the database fills`
      : holdsIds(key)
        ? undefined
        : `is ${key.declared}, not a bigint, and cannot hold ids of 19 digits`;
  if (wrong !== undefined) {
    const name = findColumn(actual, 'ZohoId') === undefined ? 'ZohoId' : 'ZohoRecordId';
    return [
      {
        kind: 'person',
        blocks: true,
        column: key.name,
        text: `Key column ${key.name} ${wrong}: give the Zoho id a column of its own, and name it in \`key\``,
        statements: another(name),
      },
      ...caution({ name, nullable: true }),
    ];
  }
  if (facts.uniqueKey) return [];
  return [
    {
      kind: 'add',
      blocks: true,
      column: key.name,
      text: `Key column ${key.name} has no unique index`,
      statements: [dialect.addKeyIndex(table.table, key)],
    },
    ...caution(key),
  ];
}

function missingColumns({ dialect, table, actual }: Inspected): Finding[] {
  const missing = (column: { name: string }): boolean => findColumn(actual, column.name) === undefined;
  const finding = (column: string, statement: string): Finding => ({
    kind: 'add',
    blocks: true,
    column,
    text: `Table ${table.table} has no column ${column}`,
    statements: [statement],
  });
  return [
    ...wantedColumns(table)
      .filter(missing)
      .map((column) => finding(column.name, dialect.addColumn(table.table, column))),
    ...dialect
      .bookkeeping(table)
      .filter(missing)
      .map((column) => finding(column.name, dialect.addBookkeeping(table.table, column))),
  ];
}

/** Registers are compared to the millisecond: rounded ones would make an old observation pass for a new one. */
function bookkeepingTypes({ dialect, table, actual }: Inspected): Finding[] {
  if (table.bookkeeping === 'side-table') return [];
  const { modifiedAt } = table.bookkeeping;
  return dialect.bookkeeping(table).flatMap(({ name, spelled }): Finding[] => {
    const found = findColumn(actual, name);
    if (found === undefined) return [];
    const places = name === modifiedAt ? 0 : 3;
    const wanted = spelled === 'TEXT' ? 'text' : 'datetime';
    const holds = found.kind === wanted && (wanted === 'text' || (found.fraction ?? 0) >= places);
    if (holds && found.nullable && found.generated === undefined) return [];
    const statement = dialect.retype(table.table, { ...found, nullable: true }, spelled);
    return [
      {
        kind: 'person',
        blocks: true,
        column: found.name,
        text: `Column ${found.name} is ${found.declared}${found.nullable ? '' : ' NOT NULL'}, the mirror needs ${spelled} NULL there: change it, or choose another name in \`bookkeepingColumns\``,
        statements: statement === undefined ? [] : [statement],
      },
    ];
  });
}

/** What the configuration writes into every row must fit, or no row would go in. */
function fixedValues({ dialect, table, actual }: Inspected): Finding[] {
  const constants = freeConstants(table).map(([name, value]) => ({
    name,
    what: 'constant',
    values: [value],
  }));
  const flags = (table.deletedFlag ?? []).map(({ column, deleted, live }) => ({
    name: column,
    what: 'deletedFlag',
    values: [deleted, live].map((value) => (value === null ? null : scalarText(value))),
  }));
  return [...constants, ...flags].flatMap(({ name, what, values }): Finding[] => {
    const found = findColumn(actual, name);
    if (found === undefined) return [];
    const about = { kind: 'person', blocks: true, column: found.name } as const;
    if (found.generated !== undefined)
      return [
        {
          ...about,
          text: `Column ${found.name} of a ${what} is ${found.generated}, which only the database fills`,
          statements: [],
        },
      ];
    if (values.includes(null) && !found.nullable) {
      const statement = dialect.allowNull(table.table, found);
      return [
        {
          ...about,
          text: `Column ${found.name} takes no NULL, which is one of its values as a ${what}: give the other value too`,
          statements: statement === undefined ? [] : [statement],
        },
      ];
    }
    const reasons = values.flatMap((value) => (value === null ? [] : (misfit(found, value) ?? [])));
    return reasons.slice(0, 1).map((reason) => ({
      ...about,
      text: `Column ${found.name} cannot hold its ${what}: ${reason}`,
      statements: [],
    }));
  });
}

/** What takes which values without loss; each value's own range is checked when it comes. */
const takes: Readonly<Record<ColumnType['kind'], readonly ActualKind[]>> = {
  bigint: ['integer', 'decimal', 'text'],
  integer: ['integer', 'decimal', 'text'],
  decimal: ['decimal', 'text'],
  boolean: ['boolean', 'integer', 'text'],
  date: ['date', 'datetime', 'text'],
  datetime: ['datetime', 'text'],
  text: ['text'],
};

function columnTypes({ dialect, table, actual }: Inspected): Finding[] {
  return table.columns.flatMap((column): Finding[] => {
    const found = findColumn(actual, column.name);
    if (found === undefined) return [];
    const about = { kind: 'person', column: found.name } as const;
    if (found.generated !== undefined)
      return [
        {
          ...about,
          blocks: true,
          text: `Column ${found.name} is ${found.generated}, which only the database fills: map its field to another column, or leave it out`,
          statements: [],
        },
      ];
    if (!takes[column.type.kind].includes(found.kind))
      return [
        {
          ...about,
          blocks: true,
          text: `Column ${found.name} is ${found.declared}, which cannot hold ${column.type.kind}: map its field to another column, or leave it out`,
          statements: [],
        },
      ];
    if (found.nullable) return [];
    const statement = dialect.allowNull(table.table, found);
    return [
      {
        ...about,
        blocks: false,
        text: `Column ${found.name} takes no NULL: records without a value there are rejected one by one`,
        statements: statement === undefined ? [] : [statement],
      },
    ];
  });
}

/** No reason to refuse a table: values that are too long are rejected one by one. */
function narrowColumns({ dialect, table, actual }: Inspected): Finding[] {
  return table.columns.flatMap((column): Finding[] => {
    const found = findColumn(actual, column.name);
    if (found?.kind !== 'text' || found.maxLength === null || column.type.kind !== 'text') return [];
    if (column.type.length !== null && column.type.length <= found.maxLength) return [];
    const statement = dialect.widen(table.table, column, found);
    if (statement === undefined) return [];
    const wanted = column.type.length === null ? 'any length' : `${column.type.length} characters`;
    return [
      {
        kind: 'widen',
        blocks: false,
        column: found.name,
        text: `Column ${found.name} takes ${found.maxLength} characters, its field ${wanted}: longer values are rejected one by one`,
        statements: [statement],
      },
    ];
  });
}

/** As with texts: a number that does not fit is rejected alone. */
function narrowNumbers({ dialect, table, actual }: Inspected): Finding[] {
  return table.columns.flatMap((column): Finding[] => {
    const found = findColumn(actual, column.name);
    const wider = found && widerNumber(column.type, found);
    if (!found || !wider) return [];
    const statement = dialect.retype(table.table, found, wider);
    return [
      {
        kind: 'person',
        blocks: false,
        column: found.name,
        text: `Column ${found.name} is ${found.declared}, narrower than its field: numbers that do not fit are rejected one by one`,
        statements: statement === undefined ? [] : [statement],
      },
    ];
  });
}

/** Digits before and behind the point that each type takes at least. */
function digitsOf(type: ColumnType): { before: number; behind: number } | undefined {
  switch (type.kind) {
    case 'bigint':
      return { before: 19, behind: 0 };
    case 'integer':
      return { before: 10, behind: 0 };
    case 'decimal':
      return { before: type.precision - type.scale, behind: type.scale };
    default:
      return undefined;
  }
}

/** Undefined when the column is wide enough, or no number. */
function widerNumber(
  type: ColumnType,
  { kind, range, precision, scale }: ActualColumn,
): ColumnType | undefined {
  const wanted = digitsOf(type);
  if (wanted === undefined) return undefined;
  if (kind === 'integer') {
    if (range === undefined || wanted.behind > 0) return undefined;
    return range.max < 10n ** BigInt(wanted.before - 1) ? type : undefined;
  }
  if (kind !== 'decimal' || precision === undefined || scale === undefined) return undefined;
  const before = Math.max(wanted.before, precision - scale);
  const behind = Math.max(wanted.behind, scale);
  if (before === precision - scale && behind === scale) return undefined;
  return { kind: 'decimal', precision: Math.min(38, before + behind), scale: behind };
}

function unfilledColumns({ dialect, table, actual }: Inspected): Finding[] {
  const written = [table.key, ...wantedColumns(table).map((column) => column.name), ...ownColumns(table)];
  return actual
    .filter((column) => !column.nullable && !column.hasDefault)
    .filter((column) => !written.some((name) => sameName(name, column.name)))
    .map((column) => {
      const statement = dialect.addDefault(table.table, column);
      return {
        kind: 'person',
        blocks: true,
        column: column.name,
        text: `Column ${column.name} takes no NULL and has no default: give it a constant, a default, or map a field to it`,
        statements: statement === undefined ? [] : [statement],
      };
    });
}
