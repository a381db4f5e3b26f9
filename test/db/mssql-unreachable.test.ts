// Each way in which a SQL Server cannot be reached or refuses a login has words of its own, which hold neither password nor server text.
import { createServer, type AddressInfo } from 'node:net';
import { DatabaseError, openDatabase } from '../../src/db';
import { freePort } from '../../dev/ports';
import { startTdsServer, type TdsServer } from '../support/tds-server';

const password = 'Canary7Q';

async function failure(host: string, parameters = ''): Promise<DatabaseError> {
  const db = await openDatabase(`mssql://mirror:${password}@${host}/Legacy${parameters}`);
  try {
    await db.ping();
    throw new Error('it was reached');
  } catch (error) {
    expect(error).toBeInstanceOf(DatabaseError);
    expect(String(error)).not.toContain(password);
    return error as DatabaseError;
  } finally {
    await db.close();
  }
}

let server: TdsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
const serve = async (...options: Parameters<typeof startTdsServer>): Promise<string> => {
  server = await startTdsServer(...options);
  return `127.0.0.1:${server.port}`;
};

test('a host name that does not exist is named, and may yet come', async () => {
  expect(await failure('no-such-host.invalid')).toMatchObject({
    verdict: 'retry',
    message: expect.stringMatching(
      /^The database cannot be reached: the host name .*\(no-such-host\.invalid\) \((ENOTFOUND|EAI_AGAIN)\)$/,
    ),
  });
});

test('a port at which nothing listens is named', async () => {
  const port = await freePort();
  expect(await failure(`127.0.0.1:${port}`)).toMatchObject({
    verdict: 'retry',
    message: `The database cannot be reached: nothing listens there (127.0.0.1:${port}) (ECONNREFUSED)`,
  });
});

test('who hangs up is no SQL Server, or one that is starting', async () => {
  const other = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  expect(await failure(`127.0.0.1:${(other.address() as AddressInfo).port}`)).toMatchObject({
    verdict: 'retry',
    message: 'The database cannot be reached: the connection was cut (ECONNRESET)',
  });
  await new Promise((resolve) => other.close(resolve));
});

test('a certificate of an unknown authority is refused before any login, unless it is to be trusted', async () => {
  const host = await serve({ encryption: 'on' });
  expect(await failure(host)).toMatchObject({
    verdict: 'permanent',
    message: expect.stringContaining('nobody whom this machine trusts has signed its certificate'),
  });
  expect(server!.logins).toEqual([]);
  expect((await failure(host, '?trustServerCertificate=true')).code).toBe('18456');
  expect(server!.logins).toEqual(['mirror']);
});

test('a server that claims to have no encryption gets no login, unless the address does without', async () => {
  const host = await serve({ encryption: 'none' });
  expect(await failure(host, '?trustServerCertificate=true')).toMatchObject({
    verdict: 'permanent',
    message: 'The database cannot be reached: it offers no encryption, and LEGACY_DB asks for it (ENOTLS)',
  });
  expect(server!.logins).toEqual([]);
  expect((await failure(host, '?encrypt=false')).code).toBe('18456');
});

test('a server that insists on encryption is told apart from one that is away', async () => {
  expect(await failure(await serve({ encryption: 'on' }), '?encrypt=false')).toMatchObject({
    verdict: 'permanent',
    message: expect.stringContaining('it insists on encryption, and LEGACY_DB says encrypt=false'),
  });
});

test.each<[number[], DatabaseError['verdict'], string]>([
  [[18456], 'permanent', 'The database refused: the login was refused (18456)'],
  // The login fails because of the database; what comes first says so.
  [
    [4060, 18456],
    'permanent',
    'The database refused: the database does not exist or may not be opened (4060)',
  ],
  [[18486], 'permanent', 'the login is disabled, locked, expired'],
  [[40615], 'permanent', "Azure's firewall keeps this machine out"],
  [[18401], 'retry', 'the server or the database is starting, stopping'],
  [[40613], 'retry', 'the database is moving to another server'],
])('a login refused by %j is %s', async (refusals, verdict, message) => {
  const host = await serve({ encryption: 'on', refusals });
  const error = await failure(host, '?trustServerCertificate=true');
  expect(error).toMatchObject({ verdict, message: expect.stringContaining(message) });
});
