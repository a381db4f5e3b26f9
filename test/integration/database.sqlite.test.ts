// The database suite on SQLite, in a file of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { DatabaseError, openDatabase } from '../../src/db';
import type { Opened } from './database-kit';
import { describeDatabase } from './database-suite';

async function open(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'zoho-mirror-'));
  const url = `sqlite:${join(folder, 'mirror.db')}`;
  const db = await openDatabase(url);
  const beside = new Sqlite(join(folder, 'mirror.db'));
  return {
    db,
    another: () => openDatabase(url),
    sql: async (statement) => {
      const prepared = beside.prepare(statement);
      return prepared.reader ? (prepared.all() as Record<string, unknown>[]) : (prepared.run(), []);
    },
    close: async () => {
      beside.close();
      await db.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeDatabase('SQLite', open, 150);

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
