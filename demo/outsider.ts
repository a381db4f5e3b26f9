// Somebody who knows nothing of the mirror and writes straight into its table.
import { knex, type Knex } from 'knex';

export interface Meddling {
  column: string;
  changed: string;
  deleted: string;
}

/** Changes a column of one row and deletes another, past the mirror. `url` as LEGACY_DB takes it, but for ADO.NET strings. */
export async function meddle(url: string, { column, changed, deleted }: Meddling): Promise<void> {
  const database = knex(configOf(url));
  try {
    await database('Leads').where('id', changed).update(column, 'Somebody else');
    await database('Leads').where('id', deleted).delete();
  } finally {
    await database.destroy();
  }
}

function configOf(text: string): Knex.Config {
  if (text.startsWith('sqlite:'))
    return {
      client: 'better-sqlite3',
      connection: { filename: text.slice('sqlite:'.length) },
      useNullAsDefault: true,
    };
  const url = new URL(text);
  const flag = (name: string): boolean => url.searchParams.get(name) !== 'false';
  return {
    client: 'mssql',
    connection: {
      server: url.hostname,
      port: Number(url.port || 1433),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: url.pathname.slice(1),
      options: { encrypt: flag('encrypt'), trustServerCertificate: flag('trustServerCertificate') },
    } as Knex.MsSqlConnectionConfig,
  };
}
