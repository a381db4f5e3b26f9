// Brings entries into a session's #stage by bulk load, every value as text. Decides nothing.
import { TYPES, type Connection } from 'tedious';
import { toIsoMs, type Instant } from '../../mirror/instant';
import type { Entry } from '../batch';
import type { ActualColumn, Layout } from '../layout';
import { batch } from './connect';

/** Staged columns are numbered: their names cannot collide with the bookkeeping. */
export const staged = (index: number): string => `v${index}`;

/** `2026-01-31T23:59:59.123`: datetime2 takes no Z. */
export const bare = (at: Instant): string => toIsoMs(at).slice(0, 23);

const width = (column: ActualColumn): number | null =>
  column.kind !== 'text'
    ? 60
    : column.maxLength !== null && column.maxLength <= 4000
      ? column.maxLength
      : null;

export async function createStage(connection: Connection, layout: Layout): Promise<void> {
  const values = layout.columns
    .map((column, i) => `, ${staged(i)} nvarchar(${width(column) ?? 'max'}) COLLATE DATABASE_DEFAULT NULL`)
    .join('');
  await batch(
    connection,
    `CREATE TABLE #stage (n int NOT NULL, id bigint NOT NULL, m nvarchar(23) COLLATE DATABASE_DEFAULT NULL,
       o nvarchar(23) COLLATE DATABASE_DEFAULT NULL, g nvarchar(23) COLLATE DATABASE_DEFAULT NULL${values})`,
  );
  await batch(
    connection,
    `CREATE TABLE #plan (
       n int NOT NULL PRIMARY KEY, id bigint NOT NULL, has_content int NOT NULL, has_row int NOT NULL, owned int NOT NULL,
       undeleted int NOT NULL, applied int NOT NULL, held int NOT NULL, same int NOT NULL, differs int NOT NULL,
       batch_g datetime2(3) NULL, g datetime2(3) NULL, m datetime2(3) NULL, o datetime2(3) NULL, dead int NOT NULL)`,
  );
}

/** Dates and times lose their Z, which not every T-SQL type takes. */
const sendable = (column: ActualColumn, value: string | null): string | null =>
  value !== null && column.kind === 'datetime' && value.endsWith('Z') ? value.slice(0, -1) : value;

function* rowsOf(entries: readonly Entry[], layout: Layout): Generator<(string | number | null)[]> {
  const { columns } = layout;
  for (const [n, { id, live, goneAt }] of entries.entries()) {
    const row: (string | number | null)[] = [
      n,
      id,
      live === undefined ? null : bare(live.modifiedAt),
      live === undefined ? null : bare(live.observedAt),
      goneAt === undefined ? null : bare(goneAt),
    ];
    columns.forEach((column, i) => row.push(sendable(column, live?.values[i] ?? null)));
    yield row;
  }
}

export async function fillStage(
  connection: Connection,
  entries: readonly Entry[],
  layout: Layout,
): Promise<void> {
  await batch(connection, 'TRUNCATE TABLE #stage');
  await new Promise<void>((resolve, reject) => {
    const bulk = connection.newBulkLoad('#stage', { keepNulls: true }, (error) =>
      error ? reject(error) : resolve(),
    );
    bulk.addColumn('n', TYPES.Int, { nullable: false });
    bulk.addColumn('id', TYPES.BigInt, { nullable: false });
    for (const name of ['m', 'o', 'g']) bulk.addColumn(name, TYPES.NVarChar, { length: 23, nullable: true });
    layout.columns.forEach((column, i) =>
      bulk.addColumn(staged(i), TYPES.NVarChar, { length: width(column) ?? Infinity, nullable: true }),
    );
    connection.execBulkLoad(bulk, rowsOf(entries, layout));
  });
}
