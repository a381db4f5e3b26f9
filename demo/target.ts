// The database of the demo, where it is not a new file: nothing may be in it that is in the way, or that is somebody else's.
import { knex, type Knex } from 'knex';
// eslint-disable-next-line @typescript-eslint/no-restricted-imports -- an address is read in one place; the room's door hides that
import { connectMssql, mssqlSettings } from '../src/db/mssql';

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
 * Throws when the target holds a table of the demo's names. With `empty` those that an earlier demo has left are dropped: what another
 * application made, or a mirror of more than Leads, is never touched.
 */
export async function prepareTarget(url: string, { empty }: { empty: boolean }): Promise<void> {
  const database = connectTarget(url);
  try {
    const found = await leftovers(database);
    if (found.length === 0) return;
    const names = found.map(({ name }) => name).join(', ');
    if (!empty)
      throw new Error(
        `the target is not empty: it has ${names}. Give the demo a database of its own, or drop what an earlier demo has left with --empty`,
      );
    if (!(await isOfDemo(database, found)))
      throw new Error(
        `the target has ${names}, and not all of it is of an earlier demo: --empty leaves it alone. Give the demo a database of its own`,
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

/** The table was made by the mirror, and the mirror has no other module. */
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
  return (
    modules.every(({ module }) => module === table) &&
    (!hasTable || modules.some(({ made_table: made }) => made === table))
  );
}
