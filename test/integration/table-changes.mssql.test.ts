// Tables that others are using: a change of one never makes them wait for long, and looking at one does not at all.
import { DatabaseError, SchemaMismatchError, type Database, type TargetTable } from '../../src/db';
import { connectMssql, createMssqlDialect, mssqlSettings } from '../../src/db/mssql';
import { createDatabase } from '../../src/db/store';
import { aTable, live, merge } from './database-kit';
import { beside, testUrl, type Beside } from './mssql-server';

const knex = connectMssql(mssqlSettings(testUrl()));
/** Waits a tenth of a second to change a table. */
const db: Database = createDatabase(knex, createMssqlDialect({ changeTimeoutMs: 100 }));
let other: Beside;

beforeAll(async () => {
  other = beside();
  await db.migrate();
});
afterAll(async () => {
  await db.close();
  await other?.close();
});

/** Somebody in the middle of a transaction on the first row. */
async function busy<T>({ table }: TargetTable, meanwhile: () => Promise<T>): Promise<T> {
  const trx = await other.knex.transaction();
  try {
    await trx.raw(`UPDATE ${table} SET Last_Name = 'theirs' WHERE id = 1`);
    return await meanwhile();
  } finally {
    await trx.rollback();
  }
}

const withCity = (table: TargetTable): TargetTable => ({
  ...table,
  columns: [...table.columns, { name: 'City', type: { kind: 'text', length: 20 } }],
});

test('a table that others are using is not changed over their heads: the change gives way, says so, and is made later', async () => {
  const table = aTable();
  await db.ensureTable(table);
  await merge(db, table, [live('1', '10:00', '10:00'), live('2', '10:00', '10:00')]);
  const more = withCity(table);
  await busy(table, async () => {
    const refused: unknown = await db.ensureTable(more).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DatabaseError);
    expect(refused).toMatchObject({
      verdict: 'retry',
      code: '1222',
      message: `Table ${table.table} has no column City, and the mirror could not change that yet: waited too long for a lock (1222). It tries again`,
    });
    expect(await other.sql(`SELECT id FROM ${table.table} WHERE id = 2`)).toHaveLength(1);
  });
  expect(await db.ensureTable(more)).toEqual({ created: false, added: ['City'], widened: [] });
});

test('the short patience ends with the change', async () => {
  const patience = async (): Promise<unknown> =>
    ((await knex.raw('SELECT @@LOCK_TIMEOUT AS ms')) as { ms: unknown }[])[0]?.ms;
  await db.ensureTable(aTable());
  expect(Number(await patience())).toBe(60_000);
});

test('a rehearsal on a table in use waits for nobody, fires no trigger and changes nothing', async () => {
  const table = aTable({ key: 'ZohoId', schema: 'extend', bookkeeping: 'side-table', deletes: 'hard' });
  await other.sql(`CREATE TABLE ${table.table} (id int IDENTITY PRIMARY KEY, Last_Name varchar(10))`);
  await other.sql(`INSERT INTO ${table.table} (Last_Name) VALUES ('x')`);
  // SQL Server fires a trigger for a statement without a row too.
  await other.sql(
    `CREATE TRIGGER ${table.table}_no ON ${table.table} AFTER INSERT AS RAISERROR('fired', 16, 1)`,
  );
  const columns = () =>
    other.sql(
      `SELECT COLUMN_NAME AS name FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = '${table.table}'`,
    );
  const before = await columns();
  const [report] = await busy(table, () => db.rehearse([table]));
  expect(report).toMatchObject({
    created: false,
    added: ['ZohoId', 'Amount', 'Active'],
    widened: ['Last_Name'],
  });
  expect(report?.notes?.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^The unique index of ZohoId leaves out NULL: .*\(error 1934\)/),
  ]);
  expect(await columns()).toEqual(before);
  await expect(db.rehearse([{ ...table, schema: 'check' }])).rejects.toThrow(SchemaMismatchError);
});
