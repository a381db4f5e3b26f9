// Opens SQL Server through Knex and tedious, and runs plain batches on the connection of a transaction. Never logs a statement.
import { knex as createKnex, type Knex } from 'knex';
import MssqlClient from 'knex/lib/dialects/mssql/index.js';
import { Request, type Connection } from 'tedious';
import { silent } from '../silent';
import { driver } from './connection';
import type { MssqlSettings } from './settings';

interface Answer {
  method?: string;
  response?: { metadata: { colName: string }; value: unknown }[][];
}

/** Knex reads the unnamed column of `SELECT @@rowcount` by its empty name; not every T-SQL server leaves it unnamed. */
class Client extends MssqlClient {
  override _driver(): unknown {
    return driver;
  }

  override processResponse(query: Answer, runner: unknown): unknown {
    const only = query.response?.length === 1 ? query.response[0] : undefined;
    const first = only?.length === 1 ? only[0] : undefined;
    if (first?.metadata.colName.toLowerCase() === 'rowcount')
      first.metadata = { ...first.metadata, colName: '' };
    return super.processResponse(query, runner);
  }
}

/** As tedious names them. */
function authentication({ login }: MssqlSettings): Record<string, string> {
  switch (login.kind) {
    case 'sql':
      return { user: login.user, password: login.password };
    case 'windows':
      return { type: 'ntlm', domain: login.domain, user: login.user, password: login.password };
    case 'azure-default':
    case 'azure-managed-identity':
      return {
        type:
          login.kind === 'azure-default' ? 'azure-active-directory-default' : 'azure-active-directory-msi-vm',
        ...(login.clientId === undefined ? {} : { clientId: login.clientId }),
      };
  }
}

export function connectMssql(settings: MssqlSettings): Knex {
  const { server, port, instanceName, database, encrypt, trustServerCertificate } = settings;
  const options = {
    encrypt,
    trustServerCertificate,
    multiSubnetFailover: settings.multiSubnetFailover,
    ...(instanceName === undefined ? {} : { instanceName }),
    ...(settings.certificateName === undefined ? {} : { serverName: settings.certificateName }),
    useUTC: true,
    appName: 'zoho-mirror',
    packetSize: 16_384,
    abortTransactionOnError: false,
  };
  return createKnex({
    client: Client,
    // tedious reads these; Knex's own type of a connection lacks some of them.
    connection: {
      server,
      port,
      database,
      ...authentication(settings),
      connectionTimeout: 15_000,
      // A bulk load is one request.
      requestTimeout: 600_000,
      options,
    } as unknown as Knex.MsSqlConnectionConfig,
    log: silent,
    pool: { min: 0, max: 8 },
    acquireConnectionTimeout: 60_000,
  });
}

/** The connection that the transaction owns. */
export async function connectionOf(trx: Knex.Transaction): Promise<Connection> {
  const client = trx.client as { acquireConnection(): Promise<Connection> };
  return client.acquireConnection();
}

/** A plain batch: what `sp_executesql` would drop at its end, as a `#stage`, stays. */
export function batch(connection: Connection, sql: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const rows: Record<string, unknown>[] = [];
    const request = new Request(sql, (error) => (error ? reject(error) : resolve(rows)));
    request.on('row', (columns: { metadata: { colName: string }; value: unknown }[]) => {
      rows.push(Object.fromEntries(columns.map((column) => [column.metadata.colName, column.value])));
    });
    connection.execSqlBatch(request);
  });
}
