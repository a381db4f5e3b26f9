// What the database suite is built from: tables, observations and short readings of the result. No expectations here.
import { Preparer, type Database, type MergeRequest, type MergeResult, type TargetTable } from '../../src/db';
import type { TypedValue } from '../../src/mirror/column-type';
import { instant, parseInstant, toIsoMs, type Instant } from '../../src/mirror/instant';
import type { LiveObservation, Observation } from '../../src/mirror/observation';
import { recordId } from '../../src/mirror/record-id';
import type { LawModel } from '../support/law-model';

/** One database under test. `sql` is a second way in, past the mirror. */
export interface Opened {
  db: Database;
  another: () => Promise<Database>;
  sql: (statement: string) => Promise<Record<string, unknown>[]>;
  close: () => Promise<void>;
}

let tables = 0;
const salt = Date.now().toString(36);

/** A table of three columns with a name of its own; tests never share one. */
export function aTable(change: Partial<TargetTable> = {}): TargetTable {
  tables += 1;
  const name = `T_${salt}_${tables}`;
  return {
    module: `M_${name}`,
    table: name,
    key: 'id',
    columns: [
      { name: 'Last_Name', type: { kind: 'text', length: 20 } },
      { name: 'Amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
      { name: 'Active', type: { kind: 'boolean' } },
    ],
    deletes: 'soft',
    bookkeeping: {
      modifiedAt: 'zoho_modified_at',
      observedAt: 'zoho_observed_at',
      deletedAt: 'zoho_deleted_at',
    },
    constants: {},
    ...change,
  };
}

/** `10:05` or `10:05:01.250` on one fixed day. */
export const at = (time: string): Instant =>
  parseInstant(`2026-03-01T${time.length === 5 ? `${time}:00` : time}Z`);

export const ann: readonly TypedValue[] = ['Ann', '1.50', '1'];
export const bob: readonly TypedValue[] = ['Bob', '2.00', '0'];

export const live = (id: string, m: string, o: string, values: readonly TypedValue[] = ann): Observation => ({
  kind: 'live',
  id: recordId(id),
  modifiedAt: at(m),
  observedAt: at(o),
  values,
});

export const gone = (id: string, o: string): Observation => ({
  kind: 'gone',
  id: recordId(id),
  observedAt: at(o),
});

export const merge = (
  db: Database,
  table: TargetTable,
  observations: readonly Observation[],
  request: Partial<MergeRequest> = {},
): Promise<MergeResult> =>
  db.merge(table, { rows: { observations }, rejects: [], fromExport: false, ...request });

const isLive = (one: Observation): one is LiveObservation => one.kind === 'live';

/** As the rows of a page come: made ready beforehand where the database takes that. */
export async function mergeExport(
  db: Database,
  table: TargetTable,
  observations: readonly Observation[],
  request: Pick<MergeRequest, 'checkpoint'> = {},
): Promise<MergeResult> {
  const preparation = await db.preparation(table);
  if (preparation === undefined || !observations.every(isLive))
    return merge(db, table, observations, { fromExport: true, ...request });
  const preparer = new Preparer(preparation);
  for (const observation of observations) preparer.add(observation);
  return merge(db, table, [], { rows: { prepared: preparer.finish() }, fromExport: true, ...request });
}

/** `1 Ann,1.50,1 m=… o=… d=…`, one text a row. */
export async function rowsOf(db: Database, table: TargetTable): Promise<string[]> {
  const rows: string[] = [];
  for await (const row of db.rows(table)) {
    const time = (stamp?: Instant): string => (stamp === undefined ? '-' : toIsoMs(stamp).slice(11, 23));
    const { id, values, modifiedAt, observedAt, deletedAt } = row;
    rows.push(`${id} ${values.join(',')} m=${time(modifiedAt)} o=${time(observedAt)} d=${time(deletedAt)}`);
  }
  return rows;
}

export interface TestState {
  rows: unknown[];
  registers: unknown[];
}

export async function stateOf(db: Database, table: TargetTable, ids: readonly string[]): Promise<TestState> {
  const rows: unknown[] = [];
  for await (const row of db.rows(table)) {
    const { id, values, modifiedAt: m, observedAt: o, deletedAt: d } = row;
    rows.push({ id, values, m, o, ...(d === undefined ? {} : { d }) });
  }
  const stored = await db.registers(table, ids.map(recordId));
  const registers = ids.map((id) => {
    const { modifiedAt: m, observedAt: o, goneAt: g } = stored.get(recordId(id)) ?? {};
    return { ...(m === undefined ? {} : { m, o }), ...(g === undefined ? {} : { g }) };
  });
  return { rows, registers };
}

export const modelState = (model: LawModel, ids: readonly string[]): TestState => ({
  rows: model.rows(),
  registers: ids.map((id) => model.registers(id)),
});

export const start = instant(Date.UTC(2026, 2, 1, 10));
