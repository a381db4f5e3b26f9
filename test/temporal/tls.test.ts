// Mutual TLS and API key reach the wire, for the client and for the worker's connection: a server that demands both sees both.
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { connectWorker, createTemporalClient } from '../../src/temporal';
import { silence } from '../support/temporal';

const certificate = (name: string): string => join(__dirname, 'certificates', name);
const pem = (name: string): Buffer => readFileSync(certificate(name));

interface Caller {
  name: unknown;
  apiKey: unknown;
}

let server: Http2SecureServer;
let seen: Caller[];
const variables = {
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificate('ca.pem'),
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificate('client.pem'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: certificate('client.key'),
  TEMPORAL_API_KEY: 'an-api-key',
};

beforeAll(silence);
beforeEach(async () => {
  seen = [];
  server = createSecureServer({
    ...{ cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem') },
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const socket = stream.session!.socket as TLSSocket;
    seen.push({ name: socket.getPeerCertificate().subject.CN, apiKey: headers.authorization });
    // An answer without fields: this server says nothing about itself.
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  process.env.TEMPORAL_ADDRESS = `localhost:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, variables);
});
afterEach(async () => {
  for (const name of ['TEMPORAL_ADDRESS', ...Object.keys(variables)])
    Reflect.deleteProperty(process.env, name);
  await new Promise((resolve) => server.close(resolve));
});

const expected = { name: 'client.zoho-mirror.test', apiKey: 'Bearer an-api-key' };

test('the client shows certificate and API key', async () => {
  const { connection, workflowService } = createTemporalClient([]);
  await workflowService.getSystemInfo({});
  await connection.close();
  expect(seen).toContainEqual(expected);
});

test('so does the connection of the worker', async () => {
  const { connection } = await connectWorker();
  await connection.close();
  expect(seen).toContainEqual(expected);
});

test('a server of another authority is not talked to', async () => {
  Reflect.deleteProperty(process.env, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  await expect(connectWorker()).rejects.toThrow();
  expect(seen).toEqual([]);
});
