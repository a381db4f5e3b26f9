// Reads `Server=host\instance;Database=…;User Id=…;Password=…`. Never repeats what it read; settings that mean nothing here are skipped.
import { parse } from '@tediousjs/connection-string';
import { encryption, flag, loginOf, portOf, wrong, type Login, type MssqlSettings } from './settings';

type Read = (...names: string[]) => string | undefined;

export function fromAdo(text: string): MssqlSettings {
  const read = reader(text);
  const database = read('database', 'initial catalog');
  const source = read('server', 'data source', 'address', 'addr', 'network address');
  if (!source || !database) throw wrong('neither a URL nor an ADO.NET string with Server and Database');
  const certificateName = read('hostnameincertificate', 'host name in certificate');
  return {
    ...sourceOf(source),
    database,
    login: login(read),
    encrypt: encryption('Encrypt', read('encrypt')),
    trustServerCertificate: flag(
      'TrustServerCertificate',
      read('trustservercertificate', 'trust server certificate'),
      false,
    ),
    ...(certificateName ? { certificateName } : {}),
    multiSubnetFailover: flag(
      'MultiSubnetFailover',
      read('multisubnetfailover', 'multi subnet failover'),
      false,
    ),
  };
}

function reader(text: string): Read {
  let pairs: ReadonlyMap<string, unknown>;
  try {
    pairs = parse(text) as unknown as ReadonlyMap<string, unknown>;
  } catch {
    throw wrong('neither a URL nor an ADO.NET string');
  }
  return (...names) => {
    for (const name of names) {
      const value = pairs.get(name);
      if (typeof value === 'string') return value;
    }
    return undefined;
  };
}

/** `tcp:host\instance,port`; a port makes the instance's name needless. */
function sourceOf(text: string): Pick<MssqlSettings, 'server' | 'port' | 'instanceName'> {
  const source = /^(?:tcp:)?([^,\\]+)(?:\\([^,\\]+))?(?:,\s*(\d+))?$/i.exec(text.trim());
  if (source === null || /^(np|lpc|admin):|^\(localdb\)/i.test(text.trim()))
    throw wrong('Server must be host, host\\instance or host,port: only TCP is spoken');
  const [, server = '', instanceName, port] = source;
  return {
    server: /^(\.|\(local\))$/i.test(server) ? 'localhost' : server.trim(),
    port: port === undefined ? 1433 : portOf(port),
    ...(instanceName === undefined || port !== undefined ? {} : { instanceName }),
  };
}

function login(read: Read): Login {
  const user = read('user id', 'uid', 'user');
  const password = read('password', 'pwd');
  const method = (read('authentication') ?? '').replaceAll(' ', '').toLowerCase();
  const clientId = user ? { clientId: user } : {};
  switch (method) {
    case '':
    case 'sqlpassword':
      return loginOf(user, password);
    case 'activedirectorydefault':
      return { kind: 'azure-default', ...clientId };
    case 'activedirectorymanagedidentity':
    case 'activedirectorymsi':
      return { kind: 'azure-managed-identity', ...clientId };
    default:
      throw wrong(
        'Authentication must be Sql Password, Active Directory Default or Active Directory Managed Identity',
      );
  }
}
