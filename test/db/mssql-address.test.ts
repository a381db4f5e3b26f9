// How the address of a SQL Server is read, and what the driver is told: encrypted and verified unless it says otherwise, and never
// repeated in a message.
import { loadConfig } from '../../src/config';
import { connectMssql, mssqlSettings } from '../../src/db/mssql';
import { StrictConnection } from '../../src/db/mssql/connection';

interface DriverConfig {
  server: string;
  authentication: { type: string; options: Record<string, unknown> };
  options: Record<string, unknown>;
}

/** Exactly what tedious is opened with; it must take it. */
function driverConfig(address: string): DriverConfig {
  const { client } = connectMssql(mssqlSettings(address)) as unknown as {
    client: { _generateConnection(): DriverConfig };
  };
  const config = client._generateConnection();
  new StrictConnection(config as never).close();
  return config;
}

test.each([
  'mssql://mirror:pass@db.example/Legacy',
  'mssql://mirror:pass@db.example/Legacy?encrypt=&trustServerCertificate=',
  'Server=db.example;Database=Legacy;User Id=mirror;Password=pass',
])('%s is encrypted, and the certificate is verified', (address) => {
  expect(driverConfig(address)).toMatchObject({
    server: 'db.example',
    options: { port: 1433, database: 'Legacy', encrypt: true, trustServerCertificate: false },
  });
});

test.each([
  'mssql://mirror:pass@db.example/Legacy?encrypt=false&trustServerCertificate=true',
  'Server=db.example;Database=Legacy;User Id=mirror;Password=pass;Encrypt=False;Trust Server Certificate=True',
])('%s is neither, because it says so', (address) => {
  expect(driverConfig(address).options).toMatchObject({ encrypt: false, trustServerCertificate: true });
});

test.each<[string, string, Record<string, unknown>]>([
  ['mssql://u:p%40ss%2F@db.example:1444/Legacy', 'db.example', { port: 1444 }],
  ['sqlserver://u:p@[::1]:1444/Legacy', '::1', { port: 1444 }],
  ['Server=tcp:db.example,1444;Database=Legacy;User Id=u;Password=p', 'db.example', { port: 1444 }],
  ['data source=(local);initial catalog=Legacy;uid=u;pwd=p', 'localhost', { port: 1433 }],
  ['User Id=u;Password=p;Addr=db.example;Database=Legacy', 'db.example', { port: 1433 }],
  [
    'mssql://u:p@db.example/Legacy?encrypt=strict&hostNameInCertificate=sql.example',
    'db.example',
    { encrypt: 'strict', serverName: 'sql.example' },
  ],
  [
    'Server=ag.example;Database=Legacy;User Id=u;Password=p;MultiSubnetFailover=True;HostNameInCertificate=sql.example',
    'ag.example',
    { multiSubnetFailover: true, serverName: 'sql.example' },
  ],
])('%s is read', (address, server, options) => {
  const config = driverConfig(address);
  expect(config.server).toBe(server);
  expect(config.options).toMatchObject({ database: 'Legacy', ...options });
});

test.each([
  'mssql://u:p@db.example/Legacy?instanceName=SQLEXPRESS',
  'Server=db.example\\SQLEXPRESS;Database=Legacy;User Id=u;Password=p',
])('%s is a named instance, whose port the server tells', (address) => {
  const { options } = driverConfig(address);
  expect(options).toMatchObject({ instanceName: 'SQLEXPRESS' });
  expect(options).not.toHaveProperty('port');
});

test('a port makes the name of an instance needless', () => {
  const { options } = driverConfig('Server=db.example\\SQLEXPRESS,1444;Database=L;User Id=u;Password=p');
  expect(options).toMatchObject({ port: 1444 });
  expect(options).not.toHaveProperty('instanceName');
});

test.each<[string, string, Record<string, unknown>]>([
  ['mssql://mirror:p%40ss@db.example/Legacy', 'default', { userName: 'mirror', password: 'p@ss' }],
  [
    'Server=x.database.windows.net;Database=L;User Id=mirror@x;Password=p;Authentication=Sql Password',
    'default',
    { userName: 'mirror@x', password: 'p' },
  ],
  ['mssql://CORP%5Cmirror:p@db.example/L', 'ntlm', { domain: 'CORP', userName: 'mirror', password: 'p' }],
  [
    'Server=db.example;Database=L;User Id=CORP\\mirror;Password=p',
    'ntlm',
    { domain: 'CORP', userName: 'mirror', password: 'p' },
  ],
  [
    'Server=x.database.windows.net;Database=L;Authentication=Active Directory Default',
    'azure-active-directory-default',
    {},
  ],
  [
    'Server=x.database.windows.net;Database=L;Authentication=ActiveDirectoryManagedIdentity;User Id=7f1c',
    'azure-active-directory-msi-vm',
    { clientId: '7f1c' },
  ],
])('%s logs in as it says', (address, type, options) => {
  const { authentication } = driverConfig(address);
  expect(authentication.type).toBe(type);
  expect(authentication.options).toMatchObject(options);
  // A config that is printed by accident shows no password.
  if (authentication.options.password !== undefined)
    expect(Object.keys(authentication.options)).not.toContain('password');
});

test.each([
  'mssql://mirror:Canary%ZZ@db.example/Legacy',
  'mssql://mirror:Canary@db.example',
  'mssql://mirror:Canary@db.example/Legacy?encrypt=Canary',
  'mssql://mirror:Canary@db.example:99999/Legacy',
  'mssql://mirror:Canary@db.example/Legacy?encypt=false',
  'mssql://mirror:1433/Canary@db.example/Legacy',
  'mssql://mirror:1433#Canary@db.example/Legacy',
  'mssql://mirror:1433?Canary@db.example/Legacy',
  'mssql://Canary@db.example/Legacy',
  'mssql://A%5CB%5CCanary:Canary@db.example/Legacy',
  'Server=;Password=Canary',
  'Server=db.example;Password=Canary',
  'Server=db.example;Database=Legacy;Password=Canary;Encrypt=Canary',
  'Server=db.example;Database=Legacy;User Id=u;Password=Canary;Encrypt=Canary',
  'Server=db.example;Database=Legacy;Integrated Security=True',
  'Server=db.example;Database=Legacy;User Id=u;Password=Canary;Authentication=Active Directory Canary',
  'Server=np:\\\\db.example\\pipe\\sql;Database=Legacy;User Id=u;Password=Canary',
  'Server=(localdb)\\MSSQLLocalDB;Database=Legacy;User Id=u;Password=Canary',
])('what is wrong with %s is said without repeating it', (address) => {
  const message = (() => {
    try {
      mssqlSettings(address);
      return '';
    } catch (error) {
      return String(error);
    }
  })();
  expect(message).toContain('LEGACY_DB');
  expect(message).not.toContain('Canary');
});

test.each(['sqlserver://u:p@h/d', 'User Id=u;Password=p;Server=h;Database=d', 'Address=h;Database=d'])(
  '%s is an address to the configuration too',
  (address) => {
    const env = {
      ZOHO_CLIENT_ID: 'i',
      ZOHO_CLIENT_SECRET: 's',
      ZOHO_REFRESH_TOKEN: 't',
      WEBHOOK_SECRET: 'a-secret-of-the-webhook',
      LEGACY_DB: address,
    };
    expect(loadConfig(env).legacyDb).toBe(address);
  },
);
