// Reads the address of a SQL Server: a URL or an ADO.NET string. Encrypted unless told otherwise; never repeats what it read.
import { parse } from '@tediousjs/connection-string';
import { DatabaseError } from '../errors';

export interface MssqlSettings {
  server: string;
  port: number;
  instanceName?: string;
  database: string;
  user?: string;
  password?: string;
  encrypt: boolean;
  trustServerCertificate: boolean;
}

const wrong = (what: string): DatabaseError =>
  new DatabaseError(
    'permanent',
    `LEGACY_DB: ${what}. Allowed: mssql://user:password@host:1433/database?encrypt=true, Server=…;Database=…, sqlite:<path>`,
  );

export const mssqlSettings = (url: string): MssqlSettings =>
  /^(mssql|sqlserver):\/\//i.test(url) ? fromUrl(url) : fromAdo(url);

function flag(name: string, value: string | null | undefined, otherwise: boolean): boolean {
  if (value === undefined || value === null || value === '') return otherwise;
  if (/^(true|yes|1|mandatory)$/i.test(value)) return true;
  if (/^(false|no|0|optional)$/i.test(value)) return false;
  throw wrong(`${name} must be true or false`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw wrong('the port must be a number up to 65535');
  return port;
}

function fromUrl(text: string): MssqlSettings {
  let url: URL;
  let login: string[];
  try {
    url = new URL(text);
    login = [url.username, url.password].map(decodeURIComponent);
  } catch {
    // The parser's own error would quote the password.
    throw wrong('the URL cannot be read; write special characters of the password as %XX');
  }
  const database = decodeURIComponent(url.pathname.replace(/^\//, ''));
  if (url.hostname === '' || database === '') throw wrong('host and database are needed');
  return {
    server: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 1433 : portOf(url.port),
    database,
    ...(login[0] ? { user: login[0] } : {}),
    ...(login[1] ? { password: login[1] } : {}),
    encrypt: flag('encrypt', url.searchParams.get('encrypt'), true),
    trustServerCertificate: flag(
      'trustServerCertificate',
      url.searchParams.get('trustServerCertificate'),
      false,
    ),
  };
}

function fromAdo(text: string): MssqlSettings {
  let pairs: ReadonlyMap<string, unknown>;
  try {
    pairs = parse(text) as unknown as ReadonlyMap<string, unknown>;
  } catch {
    throw wrong('neither a URL nor an ADO.NET string');
  }
  const one = (...names: string[]): string | undefined => {
    for (const name of names) {
      const value = pairs.get(name);
      if (typeof value === 'string') return value;
    }
    return undefined;
  };
  const source = /^(?:tcp:)?([^,\\]+)(?:\\([^,]+))?(?:,\s*(\d+))?$/i.exec(
    one('server', 'data source', 'address', 'addr', 'network address') ?? '',
  );
  const database = one('database', 'initial catalog');
  if (source === null || database === undefined)
    throw wrong('neither a URL nor an ADO.NET string with Server and Database');
  const [, server = '', instanceName, port] = source;
  const user = one('user id', 'uid', 'user');
  const password = one('password', 'pwd');
  return {
    server: /^(\.|\(local\))$/i.test(server) ? 'localhost' : server,
    port: port === undefined ? 1433 : portOf(port),
    ...(instanceName === undefined || port !== undefined ? {} : { instanceName }),
    database,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    encrypt: flag('Encrypt', one('encrypt'), true),
    trustServerCertificate: flag(
      'TrustServerCertificate',
      one('trustservercertificate', 'trust server certificate'),
      false,
    ),
  };
}
