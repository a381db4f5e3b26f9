// The database suite on SQLite, in a file of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { DatabaseError, openDatabase } from '../../src/db';
import { aTable, live, merge } from './database-kit';
import { describeDatabase } from './database-suite';
import { openSqlite } from './sqlite-file';

describeDatabase('SQLite', openSqlite, 150);

test('L13: where one column is at fault, its reject says which', async () => {
  const { db, sql, close } = await openSqlite();
  await db.migrate();
  const table = aTable({ schema: 'extend' });
  await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20) UNIQUE)`);
  await db.ensureTable(table);
  const named = (id: string) => live(id, '10:00', '10:01', ['Bob', '1.50', null]);
  await merge(db, table, [named('1')]);
  expect((await merge(db, table, [named('2')])).counts.rejected).toBe(1);
  expect(await db.listRejects(table.module, {})).toMatchObject([{ id: '2', column: 'Last_Name' }]);
  await close();
});

test('before the first migration every step is pending, and looking makes nothing', async () => {
  const db = await openDatabase('sqlite::memory:');
  const pending = await db.pendingMigrations();
  expect(pending[0]).toBe('0001-own-tables');
  expect(await db.pendingMigrations()).toEqual(pending);
  await expect(db.state('Leads')).rejects.toThrow(DatabaseError);
  await db.close();
});

test('lives in memory as well', async () => {
  const db = await openDatabase('sqlite::memory:');
  await db.migrate();
  expect(await db.state('Leads')).toEqual({ module: 'Leads', droppedFields: [] });
  await db.close();
});

test('says what is wrong with a file that cannot be opened', async () => {
  const db = await openDatabase('sqlite:/nowhere/at/all/mirror.db');
  await expect(db.ping()).rejects.toThrow(DatabaseError);
  await expect(db.ping()).rejects.toMatchObject({ verdict: 'permanent', code: 'SQLITE_CANTOPEN' });
  await db.close();
});

test('the own tables can be made by hand from the statements that are printed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zoho-mirror-'));
  const path = join(folder, 'mirror.db');
  const db = await openDatabase(`sqlite:${path}`);
  const statements = await db.ownTablesSql();
  const byHand = new Sqlite(path);
  expect(byHand.prepare(`SELECT count(*) AS n FROM sqlite_master`).get()).toEqual({ n: 0 });
  for (const statement of statements) byHand.exec(statement);
  const shape = byHand.prepare(`SELECT name, sql FROM sqlite_master ORDER BY name`).all();
  expect(await db.pendingMigrations()).toEqual([]);
  expect(await db.ownTablesSql()).toEqual([]);
  await db.migrate();
  expect(byHand.prepare(`SELECT name, sql FROM sqlite_master ORDER BY name`).all()).toEqual(shape);

  const other = await openDatabase(`sqlite:${join(folder, 'other.db')}`);
  await other.migrate();
  const names = (database: Sqlite.Database): unknown[] =>
    database
      .prepare(`SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name`)
      .pluck()
      .all();
  const migrated = new Sqlite(join(folder, 'other.db'));
  expect(names(byHand)).toEqual(names(migrated));
  for (const one of [byHand, migrated]) one.close();
  for (const one of [db, other]) await one.close();
  await rm(folder, { recursive: true });
});
