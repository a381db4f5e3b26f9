// Reads `mssql://user:password@host:1433/database?encrypt=true`. Never repeats what it read.
import { encryption, flag, loginOf, portOf, wrong, type MssqlSettings } from './settings';

const parameters = [
  'encrypt',
  'trustServerCertificate',
  'instanceName',
  'hostNameInCertificate',
  'multiSubnetFailover',
] as const;
type Parameter = (typeof parameters)[number];

export function fromUrl(text: string): MssqlSettings {
  const url = parsed(text);
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (url.hostname === '' || !database) throw wrong('host and database are needed');
  // An unescaped `/` or `#` of a password ends the host too soon.
  if (/[@/]/.test(database) || url.hash !== '') throw unescaped();
  const given = parametersOf(url);
  return {
    server: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 1433 : portOf(url.port),
    ...(given.instanceName && url.port === '' ? { instanceName: given.instanceName } : {}),
    database,
    login: loginOf(user, password === '' ? undefined : password),
    encrypt: encryption('encrypt', given.encrypt),
    trustServerCertificate: flag('trustServerCertificate', given.trustServerCertificate, false),
    ...(given.hostNameInCertificate ? { certificateName: given.hostNameInCertificate } : {}),
    multiSubnetFailover: flag('multiSubnetFailover', given.multiSubnetFailover, false),
  };
}

const unescaped = () => wrong('the URL cannot be read; write special characters of the password as %XX');

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The parser's own error would quote the password.
    throw unescaped();
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unescaped();
  }
}

/** One that is misspelt must not pass for one that was not given. */
function parametersOf(url: URL): Partial<Record<Parameter, string>> {
  const given: Partial<Record<Parameter, string>> = {};
  for (const [name, value] of url.searchParams) {
    const known = parameters.find((one) => one.toLowerCase() === name.toLowerCase());
    if (known === undefined) throw wrong(`behind the ? there may be ${parameters.join(', ')}`);
    given[known] = value;
  }
  return given;
}
