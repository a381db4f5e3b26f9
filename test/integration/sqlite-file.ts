// A new SQLite file, and a second way into it, past the mirror.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openDatabase } from '../../src/db';
import type { Opened } from './database-kit';

/** What the suites for any database run on. */
export async function openSqlite(): Promise<Opened> {
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
