// The database of the demo, where it is not a new file: nothing may be in it that is in the way, or that is somebody else's.
import { knex, type Knex } from 'knex';
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- an address is read in one place; the room's door hides that
import { connectMssql, mssqlSettings } from '../src/db/mssql';
import { moduleIdPrefix } from '../simulator/metadata';

/** What the demo has to find empty, and leaves full. */
const table = 'Leads';
const mirrors = 'zoho_mirror';

/** `url` as LEGACY_DB takes it. */
export const connectTarget = (url: string): Knex =>
  url.startsWith('sqlite:')
    ? knex({
        client: 'better-sqlite3',
        connection: { filename: url.slice('sqlite:'.length) },
        useNullAsDefault: true,
      })
    : connectMssql(mssqlSettings(url));

/**
 * Drops what an earlier demo has left in the target. Throws when there is a table of the demo's names that may be somebody else's: another
 * application's, or a mirror's of a real CRM.
 */
export async function prepareTarget(url: string): Promise<void> {
  const database = connectTarget(url);
  try {
    const found = await leftovers(database);
    if (found.length === 0) return;
    if (!(await isOfDemo(database, found)))
      throw new Error(
        `the target has ${found.map(({ name }) => name).join(', ')}, and not all of it is of an earlier demo. Give the demo a database of its own`,
      );
    for (const { quoted } of found) await database.raw(`DROP TABLE ${quoted}`);
  } finally {
    await database.destroy();
  }
}

interface Leftover {
  name: string;
  quoted: string;
}

const isSqlite = (database: Knex): boolean =>
  (database.client as Knex.Client).config.client === 'better-sqlite3';

async function leftovers(database: Knex): Promise<Leftover[]> {
  if (isSqlite(database)) {
    const tables = (await database.raw(`SELECT name FROM sqlite_master WHERE type = 'table'`)) as Leftover[];
    return tables
      .filter(({ name }) => name.toLowerCase() === table.toLowerCase() || name.startsWith(`${mirrors}_`))
      .map(({ name }) => ({ name, quoted: `"${name}"` }));
  }
  const tables = (await database.raw(
    `SELECT s.name AS own, t.name AS name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id
      WHERE s.name = '${mirrors}' OR (t.name = '${table}' AND s.name = SCHEMA_NAME())`,
  )) as { own: string; name: string }[];
  return tables.map(({ own, name }) => ({ name: `${own}.${name}`, quoted: `[${own}].[${name}]` }));
}

/** Ids of the pretended CRM are all of one organisation. */
const firstId = `${moduleIdPrefix}000000000000`;
const lastId = `${moduleIdPrefix}999999999999`;

/** The table was made by a mirror that has no other module, and all its records are of the pretended CRM. */
async function isOfDemo(database: Knex, found: readonly Leftover[]): Promise<boolean> {
  const state = isSqlite(database) ? `${mirrors}_sync_state` : `${mirrors}.sync_state`;
  const hasState = found.some(({ name }) => name.toLowerCase() === state);
  const modules = hasState
    ? ((await database.raw(`SELECT module, made_table FROM ${state}`)) as {
        module: string;
        made_table: string | null;
      }[])
    : [];
  const hasTable = found.some(({ name }) => name.toLowerCase().split('.').at(-1) === table.toLowerCase());
  if (!modules.every(({ module }) => module === table)) return false;
  if (!hasTable) return true;
  if (!modules.some(({ made_table: made }) => made === table)) return false;
  const others = (await database.raw(
    `SELECT COUNT(*) AS n FROM ${table} WHERE NOT (id BETWEEN ${firstId} AND ${lastId})`,
  )) as { n: number }[];
  return Number(others[0]?.n) === 0;
}
