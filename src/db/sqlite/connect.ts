// Opens SQLite through Knex: one connection, one writer, WAL. Never blocks the event loop while another writer is at work.
import { setTimeout as wait } from 'node:timers/promises';
import { knex as createKnex, type Knex } from 'knex';
import BetterSqliteClient from 'knex/lib/dialects/better-sqlite3/index.js';
import SqliteTransaction from 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js';
import type Sqlite from 'better-sqlite3';
import { silent } from '../silent';
import { classifySqlite } from './errors';

const patienceMs = 60_000;
const busy = (error: unknown): boolean => classifySqlite(error).code.startsWith('SQLITE_BUSY');

/**
 * Takes the write lock first: a transaction that reads and then writes would fail at once when another process wrote between.
 * It waits in JavaScript, since busy_timeout sleeps inside the thread and the writer may be this very process.
 */
class ImmediateTransaction extends SqliteTransaction {
  override async begin(connection: unknown): Promise<unknown> {
    const sqlite = connection as Sqlite.Database;
    const deadline = performance.now() + patienceMs;
    for (;;) {
      sqlite.pragma('busy_timeout = 0');
      try {
        // Not through Knex: its own query method gives the transaction up on the first error.
        return sqlite.exec('BEGIN IMMEDIATE');
      } catch (error) {
        if (!busy(error) || performance.now() > deadline) throw error;
      } finally {
        sqlite.pragma('busy_timeout = 5000');
      }
      await wait(10);
    }
  }
}

class SqliteClient extends BetterSqliteClient {
  override transaction(container: unknown, config: unknown, outerTx: unknown): Knex.Transaction {
    return new ImmediateTransaction(this, container, config, outerTx) as unknown as Knex.Transaction;
  }
}

function prepare(sqlite: Sqlite.Database, done: (error: Error | null, connection: Sqlite.Database) => void) {
  try {
    sqlite.pragma('busy_timeout = 5000');
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma('temp_store = MEMORY');
    sqlite.pragma('cache_size = -16384');
    // 40 MB: a bulk load would otherwise copy the log into the file after every batch.
    sqlite.pragma('wal_autocheckpoint = 10000');
    done(null, sqlite);
  } catch (error) {
    done(error as Error, sqlite);
  }
}

export function connectSqlite(path: string): Knex {
  return createKnex({
    client: SqliteClient,
    connection: { filename: path },
    useNullAsDefault: true,
    // The one connection is never given up: with `:memory:` it is the database.
    pool: { min: 1, max: 1, afterCreate: prepare },
    // Knex would print the driver's own texts.
    log: silent,
    acquireConnectionTimeout: 120_000,
  });
}

/** The connection that the transaction owns. */
export async function connectionOf(trx: Knex.Transaction): Promise<Sqlite.Database> {
  const client = trx.client as { acquireConnection(): Promise<Sqlite.Database> };
  return client.acquireConnection();
}
