// Makes, extends or checks a target table. Adds and widens only; never narrows, renames or drops.
import type { Knex } from 'knex';
import type { ColumnType } from '../mirror/column-type';
import type { TableReport, TargetColumn, TargetTable } from './database';
import type { Dialect } from './dialect';
import { SchemaMismatchError } from './errors';
import {
  constantColumn,
  findColumn,
  freeConstants,
  ownColumns,
  type ActualColumn,
  type ActualKind,
} from './layout';
import type { Ledger } from './ledger';

interface Change {
  column: string;
  finding: string;
  statement: string;
  kind: 'add' | 'widen';
}

export async function ensureTable(
  trx: Knex.Transaction,
  parts: { dialect: Dialect; ledger: Ledger; table: TargetTable },
): Promise<TableReport> {
  const { dialect, ledger, table } = parts;
  const wanted = [...table.columns, ...constantColumns(table)];
  const actual = await dialect.describe(trx, table.table);
  const made = (await ledger.state(trx, table.module)).madeTable;
  if (actual === undefined) {
    const statements = dialect.createTable(table, wanted);
    if (table.schema === 'check')
      throw new SchemaMismatchError([`Table ${table.table} does not exist`], statements);
    for (const statement of statements) await trx.raw(statement);
    await ledger.setMadeTable(trx, table.module, table.table);
    return { created: true, added: [], widened: [] };
  }
  const mode = table.schema ?? (made === table.table ? 'extend' : 'check');
  const changes = [
    ...additions(dialect, table, { wanted, actual }),
    ...widenings(dialect, table, { actual, mode }),
  ];
  const findings = obstacles(table, { wanted, actual });
  if (findings.length > 0 || (mode === 'check' && changes.length > 0))
    throw new SchemaMismatchError(
      [...findings, ...changes.map((change) => change.finding)],
      changes.map((change) => change.statement),
    );
  for (const { statement } of changes) await trx.raw(statement);
  const namesOf = (kind: Change['kind']) => changes.filter((c) => c.kind === kind).map((c) => c.column);
  return { created: false, added: namesOf('add'), widened: namesOf('widen') };
}

const constantColumns = (table: TargetTable): TargetColumn[] => [
  ...freeConstants(table).map(([name]) => constantColumn(name, table.constants[name] ?? '')),
  ...(table.deletedFlag ?? []).map(({ column, deleted }) => constantColumn(column, deleted)),
];

function additions(
  dialect: Dialect,
  table: TargetTable,
  { wanted, actual }: { wanted: readonly TargetColumn[]; actual: readonly ActualColumn[] },
): Change[] {
  const missing = (column: { name: string }): boolean => findColumn(actual, column.name) === undefined;
  const change = (column: string, statement: string): Change => ({
    column,
    finding: `Table ${table.table} has no column ${column}`,
    statement,
    kind: 'add',
  });
  return [
    ...wanted.filter(missing).map((column) => change(column.name, dialect.addColumn(table.table, column))),
    ...dialect
      .bookkeeping(table)
      .filter(missing)
      .map((column) => change(column.name, dialect.addBookkeeping(table.table, column))),
  ];
}

/** A narrower column is no reason to refuse a table: its too long values are rejected one by one. */
function widenings(
  dialect: Dialect,
  table: TargetTable,
  { actual, mode }: { actual: readonly ActualColumn[]; mode: 'extend' | 'check' },
): Change[] {
  if (mode === 'check') return [];
  return table.columns.flatMap((column) => {
    const found = findColumn(actual, column.name);
    if (found?.kind !== 'text' || found.maxLength === null || column.type.kind !== 'text') return [];
    if (column.type.length !== null && column.type.length <= found.maxLength) return [];
    const statement = dialect.widen(table.table, column, found);
    const finding = `Column ${column.name} is narrower than its field`;
    return statement === undefined ? [] : [{ column: found.name, finding, statement, kind: 'widen' }];
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

/** What no statement of ours mends. */
function obstacles(
  table: TargetTable,
  { wanted, actual }: { wanted: readonly TargetColumn[]; actual: readonly ActualColumn[] },
): string[] {
  const findings: string[] = [];
  const key = findColumn(actual, table.key);
  if (key === undefined) findings.push(`Table ${table.table} has no key column ${table.key}`);
  else if (key.kind !== 'integer' && key.kind !== 'decimal')
    findings.push(`Key column ${table.key} is ${key.declared}, not a bigint`);
  for (const column of table.columns) {
    const found = findColumn(actual, column.name);
    if (found !== undefined && !takes[column.type.kind].includes(found.kind))
      findings.push(`Column ${column.name} is ${found.declared}, which cannot hold ${column.type.kind}`);
  }
  const written = [table.key, ...wanted.map((column) => column.name), ...ownColumns(table)];
  for (const column of actual) {
    if (!column.nullable && !column.hasDefault && !lists(written, column.name))
      findings.push(
        `Column ${column.name} takes no NULL and has no default: give it a constant or map a field to it`,
      );
  }
  return findings;
}

const lists = (names: readonly string[], name: string): boolean =>
  names.some((one) => one.toLowerCase() === name.toLowerCase());
