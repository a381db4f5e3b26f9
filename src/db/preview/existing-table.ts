// As much of a target table as is there already: for counting beforehand what a load would do. Changes nothing.
import type { Knex } from 'knex';
import type { Dialect } from '../dialect';
import { findColumn, layoutOf, ownColumns, type ActualColumn, type Layout } from '../layout';
import { holdsIds } from '../table/inspect';
import type { TargetTable } from '../target';

export interface AsItIs {
  /** The table with the columns that are there. */
  table: TargetTable;
  layout: Layout;
  /** No column can be compared with an id yet. */
  keyless: boolean;
  /** Places in an observation's values: of columns that are there, in their order, and of those that are not. */
  there: number[];
  missing: number[];
}

/** Undefined when there is no such table. */
export async function tableAsItIs(
  knex: Knex,
  dialect: Dialect,
  wanted: TargetTable,
): Promise<AsItIs | undefined> {
  const actual = await dialect.describe(knex, wanted.table);
  if (actual === undefined) return undefined;
  const has = (name: string): boolean => findColumn(actual, name) !== undefined;
  const places = wanted.columns.map((_, place) => place);
  const there = places.filter((place) => has(wanted.columns[place]!.name));
  const match = wanted.match ?? [];
  const table: TargetTable = {
    ...wanted,
    columns: there.map((place) => wanted.columns[place]!),
    // Where the three columns are still missing nothing is the mirror's, which is what its side table says of such a table.
    bookkeeping: ownColumns(wanted).every(has) ? wanted.bookkeeping : 'side-table',
    constants: {},
    deletedFlag: [],
    match: match.every(has) ? match : [],
  };
  const key = findColumn(actual, wanted.key);
  const keyless = key === undefined || !holdsIds(key);
  const layout = layoutOf(
    table,
    keyless ? [...actual.filter((one) => one !== key), keyOf(wanted.key)] : actual,
  )!;
  return { table, layout, keyless, there, missing: places.filter((place) => !there.includes(place)) };
}

/** Stands for a key column that is not there. */
const keyOf = (name: string): ActualColumn => ({
  name,
  kind: 'integer',
  declared: 'bigint',
  maxLength: null,
  nullable: true,
  hasDefault: false,
});
