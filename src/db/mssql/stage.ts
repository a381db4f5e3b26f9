// Brings entries into a session's #stage by bulk load, each value in the type that its column can be set from. Decides nothing.
import { TYPES, type Connection } from 'tedious';
import { instant, toIsoMs, type Instant } from '../../mirror/instant';
import { recordId } from '../../mirror/record-id';
import type { Entry } from '../fold';
import type { ActualColumn, Layout } from '../layout';
import { batch } from './connect';
import { stagedType, type StagedType } from './rows';

type DataType = (typeof TYPES)['Int'];

/** Staged columns are numbered: their names cannot collide with the bookkeeping. */
export const staged = (index: number): string => `v${index}`;

/** `2026-01-31T23:59:59.123`: datetime2 takes no Z. */
export const bare = (at: Instant): string => toIsoMs(at).slice(0, 23);

function spelled(type: StagedType): string {
  switch (type.kind) {
    case 'bigint':
    case 'bit':
    case 'date':
      return type.kind;
    case 'seconds':
      return 'datetime2(0)';
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`;
    case 'text':
      return `nvarchar(${type.length ?? 'max'})`;
  }
}

/** A staged value as its column will hold it. */
export function converted(column: ActualColumn, i: number): string {
  const s = `s.${staged(i)}`;
  return column.kind === 'text' || spelled(stagedType(column)) === column.declared
    ? s
    : `CONVERT(${column.declared}, ${s})`;
}

export function createStageSql(layout: Layout): string {
  const values = layout.columns
    .map((column) => stagedType(column))
    .map(
      (type, i) =>
        `, ${staged(i)} ${spelled(type)}${type.kind === 'text' ? ' COLLATE DATABASE_DEFAULT' : ''} NULL`,
    )
    .join('');
  return `
CREATE TABLE #stage (n int NOT NULL, id bigint NOT NULL, m datetime2(3) NULL, o datetime2(3) NULL, g datetime2(3) NULL${values});`;
}

function tdsType(type: StagedType): { type: DataType; options: Record<string, number> } {
  switch (type.kind) {
    case 'bigint':
      return { type: TYPES.BigInt, options: {} };
    case 'bit':
      return { type: TYPES.Bit, options: {} };
    case 'date':
      return { type: TYPES.Date, options: {} };
    case 'seconds':
      return { type: TYPES.DateTime2, options: { scale: 0 } };
    case 'decimal':
      return { type: TYPES.Decimal, options: { precision: type.precision, scale: type.scale } };
    case 'text':
      return { type: TYPES.NVarChar, options: { length: type.length ?? Infinity } };
  }
}

const nothing = Buffer.alloc(0);
const pieceBytes = 64 * 1024;

function* pieces(bytes: unknown): Generator<Buffer, void> {
  if (!(bytes instanceof Buffer)) return;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** Describes itself as `type` does, but is given its bytes ready made. */
const encoded = (type: DataType): DataType => ({
  ...type,
  validate: (value: unknown) => value,
  generateParameterLength: () => nothing,
  generateParameterData: (parameter) => pieces(parameter.value),
});

/** To tedious all rows are one, whose first value is everything behind its token. */
export async function fillStage(connection: Connection, rows: Buffer, layout: Layout): Promise<void> {
  await batch(connection, 'TRUNCATE TABLE #stage');
  if (rows.length === 0) return;
  await new Promise<void>((resolve, reject) => {
    const bulk = connection.newBulkLoad('#stage', { keepNulls: true }, (error) => {
      if (!error) return resolve();
      // A server that stopped reading in mid row may take what is still under way for its next request.
      connection.close();
      reject(error);
    });
    bulk.addColumn('n', encoded(TYPES.Int), { nullable: false });
    bulk.addColumn('id', encoded(TYPES.BigInt), { nullable: false });
    for (const name of ['m', 'o', 'g'])
      bulk.addColumn(name, encoded(TYPES.DateTime2), { scale: 3, nullable: true });
    layout.columns.forEach((column, i) => {
      const { type, options } = tdsType(stagedType(column));
      bulk.addColumn(staged(i), encoded(type), { ...options, nullable: true });
    });
    connection.execBulkLoad(bulk, [[rows]]);
  });
}

/** A staged value as its canonical text. */
function text(type: StagedType, i: number): string {
  const s = staged(i);
  switch (type.kind) {
    case 'text':
      return s;
    case 'date':
      return `CONVERT(varchar(10), ${s}, 23)`;
    case 'seconds':
      // Style 120 and not 126: not every T-SQL server writes the T.
      return `REPLACE(CONVERT(varchar(19), ${s}, 120), ' ', 'T') + 'Z'`;
    default:
      return `CONVERT(varchar(50), ${s})`;
  }
}

export const stagedEntrySql = ({ columns }: Layout, n: number): string => `
SELECT CONVERT(varchar(20), id) AS id, m, o, g${columns.map((column, i) => `, ${text(stagedType(column), i)} AS ${staged(i)}`).join('')}
  FROM #stage WHERE n = ${Math.trunc(n)}`;

/** Read back for a row that the table refuses; its values are nowhere else any more. */
export function entryOf(row: Record<string, unknown>, { columns }: Layout): Entry {
  const time = (value: unknown): Instant | undefined =>
    value instanceof Date ? instant(value.getTime()) : undefined;
  const id = recordId(row.id);
  const [m, o, g] = [time(row.m), time(row.o), time(row.g)];
  const values = columns.map((_, i) => (row[staged(i)] ?? null) as string | null);
  return {
    id,
    ...(m === undefined || o === undefined
      ? {}
      : { live: { kind: 'live' as const, id, modifiedAt: m, observedAt: o, values } }),
    ...(g === undefined ? {} : { goneAt: g }),
  };
}
