// What the wire takes: rows that are ready made, by one bulk load into a heap. And for scale what Knex does row by row and in batches.
import type { Knex } from 'knex';
import { TYPES, type Connection } from 'tedious';
import type { LiveObservation } from '../../src/mirror';
import { tediousType, tediousValue, type Cell } from './rows';
import { createTable, dropTable, seconds } from './server';

/** Rows a second of a bulk load of prebuilt rows into a heap, committed. */
export async function bulkIntoHeap(
  knex: Knex,
  cells: readonly Cell[],
  observations: readonly LiveObservation[],
): Promise<number> {
  const rows = observations.map(({ id, modifiedAt, values }) => [
    id,
    new Date(modifiedAt),
    ...cells.map(({ type }, i) => tediousValue(type, values[i] ?? null)),
  ]);
  const name = 'bench_heap';
  await createTable(knex, name, { cells, key: false });
  const took = await seconds(() =>
    knex.transaction(async (trx) => {
      const { client } = trx as unknown as { client: { acquireConnection(): Promise<Connection> } };
      const connection = await client.acquireConnection();
      await new Promise<void>((resolve, reject) => {
        const bulk = connection.newBulkLoad(name, { keepNulls: true }, (error) => {
          if (!error) return resolve();
          // A rollback over a request that has failed halfway would fail too, and be all that is heard of.
          connection.close();
          reject(error);
        });
        bulk.addColumn('id', TYPES.BigInt, { nullable: false });
        bulk.addColumn('m', TYPES.DateTime2, { scale: 0, nullable: true });
        for (const cell of cells) {
          const { type, options } = tediousType(cell.type);
          bulk.addColumn(cell.name, type, { ...options, nullable: true });
        }
        connection.execBulkLoad(bulk, rows as unknown[][]);
      });
    }),
  );
  await expectRows(knex, name, rows.length);
  await dropTable(knex, name);
  return rows.length / took;
}

async function expectRows(knex: Knex, name: string, rows: number): Promise<void> {
  const [counted] = (await knex.raw(`SELECT COUNT(*) AS n FROM ${name}`)) as { n: number }[];
  if (Number(counted?.n) !== rows) throw new Error(`${name} has ${counted?.n} rows instead of ${rows}`);
}

const asRow = (cells: readonly Cell[], { id, modifiedAt, values }: LiveObservation) => ({
  id,
  m: new Date(modifiedAt),
  ...Object.fromEntries(cells.map(({ name }, i) => [name, values[i] ?? null])),
});

/** Rows a second of select, then update or insert, a record at a time in one transaction. */
export async function upsertByRow(
  knex: Knex,
  cells: readonly Cell[],
  observations: readonly LiveObservation[],
): Promise<number> {
  const name = 'bench_rows';
  await createTable(knex, name, { cells, key: true });
  const took = await seconds(() =>
    knex.transaction(async (trx) => {
      for (const observation of observations) {
        const row = asRow(cells, observation);
        const stored = (await trx(name).where({ id: row.id }).first('m')) as { m: Date } | undefined;
        if (stored === undefined) await trx(name).insert(row);
        else if (stored.m < row.m) await trx(name).where({ id: row.id }).update(row);
      }
    }),
  );
  await expectRows(knex, name, observations.length);
  await dropTable(knex, name);
  return observations.length / took;
}

/** SQL Server takes no more in a statement. */
const maxParameters = 2_100;

export async function batchInsert(
  knex: Knex,
  cells: readonly Cell[],
  observations: readonly LiveObservation[],
): Promise<number> {
  const name = 'bench_batches';
  await createTable(knex, name, { cells, key: true });
  const rows = observations.map((one) => asRow(cells, one));
  const chunk = Math.floor((maxParameters - 1) / (cells.length + 2));
  const took = await seconds(async () => void (await knex.batchInsert(name, rows, chunk)));
  await expectRows(knex, name, rows.length);
  await dropTable(knex, name);
  return rows.length / took;
}
