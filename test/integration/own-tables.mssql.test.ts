// The SQL that `schema print` gives a DBA makes the tables that a worker would make by itself.
import { openDatabase, type Database } from '../../src/db';
import { documentedSql } from '../support/documented';
import { aTable, live, merge } from './database-kit';
import { beside, emptyDatabase, testUrl, type Beside } from './mssql-server';

let db: Database;
let owner: Beside;
beforeAll(async () => {
  db = await openDatabase(testUrl());
  owner = beside();
});
afterAll(async () => {
  await db.migrate();
  await db.close();
  await owner.close();
});

async function nothing(): Promise<void> {
  await emptyDatabase([]);
  await owner.sql(`IF SCHEMA_ID('zoho_mirror') IS NOT NULL EXEC('DROP SCHEMA zoho_mirror')`);
}

/** Columns and keys of all tables, in one text a piece. */
async function shape(): Promise<string[]> {
  const columns = await owner.sql(
    `SELECT TABLE_NAME AS a, COLUMN_NAME AS b, DATA_TYPE AS c, CHARACTER_MAXIMUM_LENGTH AS d, NUMERIC_PRECISION AS e,
            DATETIME_PRECISION AS f, IS_NULLABLE AS g
       FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'zoho_mirror'`,
  );
  const keys = await owner.sql(
    `SELECT t.name AS a, i.is_primary_key AS b, i.is_unique AS c, ic.key_ordinal AS d, c.name AS e
       FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.indexes i ON i.object_id = t.object_id
       JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
       JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
      WHERE s.name = 'zoho_mirror'`,
  );
  return [...columns, ...keys].map((row) => Object.values(row).map(String).join(' ')).sort();
}

test('run by the owner on an empty database it leaves a migration nothing to do', async () => {
  await nothing();
  await db.migrate();
  const migrated = await shape();
  expect(migrated).toContain('sync_state module nvarchar 100 null null NO');

  await nothing();
  expect(await shape()).toEqual([]);
  // As one script, the way it is handed over.
  await owner.sql((await db.ownTablesSql()).map((statement) => `${statement};`).join('\n'));
  expect(await shape()).toEqual(migrated);
  expect(await db.pendingMigrations()).toEqual([]);
  expect(await db.ownTablesSql()).toEqual([]);
  await db.migrate();
  expect(await shape()).toEqual(migrated);
  expect(await db.state('Nobody')).toEqual({ module: 'Nobody', droppedFields: [] });
});

test('backing out, as the page shows it, leaves the data and nothing of the mirror', async () => {
  await db.migrate();
  const table = aTable();
  await db.ensureTable(table);
  await merge(db, table, [live('1', '10:00', '10:00')]);
  const [, backOut] = documentedSql('docs/sql-server.md');
  await owner.sql(backOut!.replaceAll('dbo.Leads', table.table));
  expect(await shape()).toEqual([]);
  expect(await owner.sql(`SELECT SCHEMA_ID('zoho_mirror') AS id`)).toEqual([{ id: null }]);
  const [row] = await owner.sql(`SELECT * FROM ${table.table}`);
  expect(Object.keys(row!).map((name) => name.toLowerCase())).toEqual([
    'id',
    'last_name',
    'amount',
    'active',
  ]);
  // And anew: rows that are there are adopted.
  await db.migrate();
  await db.ensureTable({ ...table, schema: 'extend' });
  expect((await merge(db, table, [live('1', '10:00', '10:05')])).counts.unchanged).toBe(1);
});
