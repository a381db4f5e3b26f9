// The SQL Server that the tests may write to, and a second way into it, past the mirror.
import type { Knex } from 'knex';
import { openDatabase } from '../../src/db';
import { connectMssql, mssqlSettings } from '../../src/db/mssql';
import type { Opened } from './database-kit';

export function testUrl(): string {
  const url = process.env.TEST_MSSQL_URL;
  if (url === undefined || url === '')
    throw new Error(
      'TEST_MSSQL_URL is not set: it names the SQL Server that this suite may write to, in the form of LEGACY_DB',
    );
  return url;
}

/** The same server and login, with something else in the address. */
export function testUrlWith(change: {
  server?: string;
  port?: number;
  user?: string;
  password?: string;
  database?: string;
  trustServerCertificate?: boolean;
}): string {
  const settings = mssqlSettings(testUrl());
  if (settings.login.kind !== 'sql') throw new Error('TEST_MSSQL_URL must have a SQL login');
  const of = { ...settings, ...settings.login, ...change };
  const [user, password] = [of.user, of.password].map(encodeURIComponent);
  const certificate = of.trustServerCertificate ? '&trustServerCertificate=true' : '';
  return `mssql://${user}:${password}@${of.server}:${of.port}/${of.database}?encrypt=${String(of.encrypt)}${certificate}`;
}

export const serverOf = (): { host: string; port: number } => {
  const { server, port } = mssqlSettings(testUrl());
  return { host: server, port };
};

/** Statements past the mirror, on connections of their own. */
export interface Beside {
  knex: Knex;
  sql(statement: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export function beside(): Beside {
  const knex = connectMssql(mssqlSettings(testUrl()));
  return {
    knex,
    sql: async (statement) => (await knex.raw(statement)) as Record<string, unknown>[],
    close: () => knex.destroy(),
  };
}

/** What the suites for any database run on. */
export async function openMssql(): Promise<Opened> {
  const url = testUrl();
  const db = await openDatabase(url);
  const { sql, close } = beside();
  return {
    db,
    another: () => openDatabase(url),
    sql,
    close: async () => {
      await close();
      await db.close();
    },
  };
}

/** As before the first start: no table of the mirror's own, and none of these. */
export async function emptyDatabase(tables: readonly string[]): Promise<void> {
  const { sql, close } = beside();
  const own = await sql(
    `SELECT t.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id WHERE s.name = 'zoho_mirror'`,
  );
  for (const { name } of own) await sql(`DROP TABLE zoho_mirror.[${String(name)}]`);
  for (const table of tables) await sql(`IF OBJECT_ID('${table}') IS NOT NULL DROP TABLE ${table}`);
  await close();
}
