// Opens the database that a URL names. Never connects by itself: the first call does. Never repeats a URL, which may hold a password.
import type { Database } from './database';
import { DatabaseError } from './errors';
import { connectMssql, mssqlDialect, mssqlSettings } from './mssql';
import { connectSqlite, sqliteDialect } from './sqlite';
import { createDatabase } from './store';

export async function openDatabase(url: string): Promise<Database> {
  if (!/^sqlite:/i.test(url)) return createDatabase(connectMssql(mssqlSettings(url)), mssqlDialect);
  const path = url.slice('sqlite:'.length);
  if (path === '') throw new DatabaseError('permanent', 'LEGACY_DB: a path must follow `sqlite:`');
  return createDatabase(connectSqlite(path), sqliteDialect);
}
