// What the address of a SQL Server says. Encrypted and verified unless it says otherwise; what is wrong is said without repeating it.
import { DatabaseError } from '../errors';

export type Login =
  | { kind: 'sql'; user: string; password: string }
  | { kind: 'windows'; domain: string; user: string; password: string }
  /** Azure's own: no password is in the address. `clientId` names a managed identity where there are several. */
  | { kind: 'azure-default' | 'azure-managed-identity'; clientId?: string };

export interface MssqlSettings {
  server: string;
  port: number;
  /** Its port is asked for by UDP, and `port` does not count. */
  instanceName?: string;
  database: string;
  login: Login;
  /** `strict`: TLS before anything else is said (TDS 8). */
  encrypt: boolean | 'strict';
  trustServerCertificate: boolean;
  /** The name that the certificate must carry, if not that of the server. */
  certificateName?: string;
  /** Asks all addresses of an availability group at once. */
  multiSubnetFailover: boolean;
}

export const wrong = (what: string): DatabaseError =>
  new DatabaseError(
    'permanent',
    `LEGACY_DB: ${what}. Allowed: mssql://user:password@host:1433/database?encrypt=true, Server=…;Database=…, sqlite:<path>`,
  );

export function flag(name: string, value: string | undefined, otherwise: boolean): boolean {
  if (value === undefined || value === '') return otherwise;
  if (/^(true|yes|1|mandatory)$/i.test(value)) return true;
  if (/^(false|no|0|optional)$/i.test(value)) return false;
  throw wrong(`${name} must be true or false`);
}

export const encryption = (name: string, value: string | undefined): boolean | 'strict' =>
  /^strict$/i.test(value ?? '') ? 'strict' : flag(name, value, true);

export function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw wrong('the port must be a number up to 65535');
  return port;
}

/** `domain\user` is a Windows login. */
export function loginOf(user: string | undefined, password: string | undefined): Login {
  if (user === undefined || user === '' || password === undefined)
    throw wrong("user and password are needed; the process's own Windows login cannot be used");
  const [domain, name, ...more] = user.split('\\');
  if (name === undefined) return { kind: 'sql', user, password };
  if (!domain || !name || more.length > 0) throw wrong('a Windows user is written as domain\\user');
  return { kind: 'windows', domain, user: name, password };
}
