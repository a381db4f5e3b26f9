// The database for a command that only looks: never migrates, and says so when there is nothing to look at yet.
import type { Config } from '../config';
import { openDatabase, type Database } from '../db';

export async function withDatabase<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(config.legacyDb);
  try {
    await requireTables(db);
    return await work(db);
  } finally {
    await db.close();
  }
}

export async function requireTables(db: Database): Promise<void> {
  if ((await db.pendingMigrations()).length > 0)
    throw new Error(
      "The mirror's own tables are not there yet, or older than this version. Start a worker: it makes them",
    );
}
