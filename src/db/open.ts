// Opens the database that a URL names. Never connects by itself: the first call does. Never repeats a URL, which may hold a password.
import type { Database } from './database';
import { DatabaseError } from './errors';
import type * as Mssql from './mssql';
import type * as Sqlite from './sqlite';
import { createDatabase } from './store';

/* eslint-disable @typescript-eslint/no-require-imports --
   A driver is loaded where it is used: the thread that parses enters this room too and needs neither. In CommonJS that is a require. */
const mssql = (): typeof Mssql => require('./mssql') as typeof Mssql;
const sqlite = (): typeof Sqlite => require('./sqlite') as typeof Sqlite;
/* eslint-enable */

export async function openDatabase(url: string): Promise<Database> {
  if (!/^sqlite:/i.test(url)) {
    const { connectMssql, mssqlDialect, mssqlSettings } = mssql();
    return createDatabase(connectMssql(mssqlSettings(url)), mssqlDialect);
  }
  const path = url.slice('sqlite:'.length);
  if (path === '') throw new DatabaseError('permanent', 'LEGACY_DB: a path must follow `sqlite:`');
  const { connectSqlite, sqliteDialect } = sqlite();
  return createDatabase(connectSqlite(path), sqliteDialect);
}
