// Each way in which a SQL Server cannot be reached or refuses a login has words of its own, which hold neither password nor server text.
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseError, openDatabase } from '../../src/db';
import { freePort } from '../../dev/ports';
import { built } from '../support/built';
import { authority, startTdsServer, type TdsServer } from '../support/tds-server';

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

/** What a process says that trusts the tests' authority: Node reads of it at its start only. */
async function saidTrusting(host: string, parameters = ''): Promise<string> {
  const script = `require(process.argv[1]).openDatabase(process.argv[2]).then((db) =>
    db.ping().catch((error) => console.log(error.verdict + ': ' + error.message)).then(() => db.close()))`;
  const url = `mssql://mirror:${password}@${host}/Legacy${parameters}`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-e', script, join(await built(), 'db'), url],
    { env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: authority } },
  );
  return stdout.trim();
}

test('the certificate of an authority that NODE_EXTRA_CA_CERTS names is accepted', async () => {
  expect(await saidTrusting(await serve({ encryption: 'on' }))).toBe(
    'permanent: The database refused: the login was refused (18456)',
  );
});

test('an expired certificate is refused as such', async () => {
  expect(await saidTrusting(await serve({ encryption: 'on', certificate: 'expired' }))).toBe(
    'permanent: The database cannot be reached: its certificate is not valid at this time (CERT_HAS_EXPIRED)',
  );
  expect(server!.logins).toEqual([]);
});

test('a certificate for another host name is refused, unless the address names that', async () => {
  const host = await serve({ encryption: 'on', certificate: 'other-name' });
  expect(await saidTrusting(host)).toBe(
    'permanent: The database cannot be reached: its certificate is for another host name; give that one as hostNameInCertificate if it is right (ERR_TLS_CERT_ALTNAME_INVALID)',
  );
  expect(server!.logins).toEqual([]);
  expect(await saidTrusting(host, '?hostNameInCertificate=db.example')).toContain('(18456)');
});

test('a server whose TLS is too old is told apart from one that is away', async () => {
  const host = await serve({ encryption: 'on', tls: 'TLSv1' });
  expect(await failure(host, '?trustServerCertificate=true')).toMatchObject({
    verdict: 'permanent',
    message: expect.stringContaining('it offers only a TLS that this Node refuses'),
  });
  expect(server!.logins).toEqual([]);
});

/** A SQL Server Browser with one instance, which has this port. */
async function browser(port: number): Promise<() => Promise<unknown>> {
  const socket = createSocket('udp4');
  const list = `ServerName;DB;InstanceName;LEGACY;IsClustered;No;Version;11.0.7001.0;tcp;${port};;`;
  socket.on('message', (_question, from) =>
    socket.send(
      Buffer.concat([Buffer.from([5, list.length, 0]), Buffer.from(list)]),
      from.port,
      from.address,
    ),
  );
  socket.bind(1434, '127.0.0.1');
  await once(socket, 'listening');
  return () => new Promise<void>((resolve) => socket.close(() => resolve()));
}

test('an instance is looked up by its name, and one that is not there is told', async () => {
  await serve({ encryption: 'on' });
  const close = await browser(server!.port);
  try {
    const found = await failure('127.0.0.1', '?trustServerCertificate=true&instanceName=legacy');
    expect(found.code).toBe('18456');
    expect(await failure('127.0.0.1', '?instanceName=other')).toMatchObject({
      verdict: 'retry',
      message:
        'The database cannot be reached: its SQL Server Browser does not answer, or does not know the instance; a port in the address needs neither (EINSTLOOKUP)',
    });
  } finally {
    await close();
  }
});

test('a server that takes the connection and says nothing has not answered in time', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] });
  try {
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    const asked = once(silent, 'connection');
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const failed = failure(`127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await asked;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(await failed).toMatchObject({
      verdict: 'retry',
      message: 'The database cannot be reached: no answer in time (ETIMEOUT)',
    });
    silent.close();
  } finally {
    jest.useRealTimers();
  }
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
