// A server that speaks the first words of TDS: pre-login, TLS if it has any, and then refuses every login with the numbers it is given.
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

const packetTypes = { answer: 0x04, login: 0x10, preLogin: 0x12 };
const headerBytes = 8;
const encryptions = { on: 1, none: 2 };

export interface TdsServer {
  port: number;
  /** User names of the logins that arrived. */
  logins: string[];
  close(): Promise<void>;
}

/** Of an authority of the tests' own. */
const certificates = join(__dirname, 'tds-certificates');
export const authority = join(certificates, 'authority.pem');

interface Encryption {
  encryption: 'on' | 'none';
  certificate?: 'localhost' | 'other-name' | 'expired';
  /** As really old servers do. */
  tls?: 'TLSv1' | 'TLSv1.2';
}

export async function startTdsServer(
  options: Encryption & {
    /** Error numbers, in the order of the answer. */
    refusals?: readonly number[];
  },
): Promise<TdsServer> {
  const logins: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    new Visit(socket, options, (payload) => {
      logins.push(userOf(payload));
      return errors(options.refusals ?? [18456]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, logins, close: () => close(server, sockets) };
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

class Visit {
  private tls: Duplex | undefined;
  private waiting = Buffer.alloc(0);

  constructor(
    private readonly socket: Socket,
    private readonly encryption: Encryption,
    private readonly onLogin: (payload: Buffer) => Buffer,
  ) {
    socket.on('data', (bytes) => this.take(bytes));
  }

  private take(bytes: Buffer): void {
    this.waiting = Buffer.concat([this.waiting, bytes]);
    while (this.waiting.length >= headerBytes) {
      // Behind the handshake TLS comes bare.
      if (this.tls !== undefined && this.waiting[0] !== packetTypes.preLogin) {
        this.tls.push(this.waiting);
        this.waiting = Buffer.alloc(0);
        return;
      }
      const length = this.waiting.readUInt16BE(2);
      if (this.waiting.length < length) return;
      const packet = this.waiting.subarray(0, length);
      this.waiting = this.waiting.subarray(length);
      this.packet(packet);
    }
  }

  private packet(packet: Buffer): void {
    const payload = packet.subarray(headerBytes);
    if (packet[0] === packetTypes.login) this.socket.end(framed(packetTypes.answer, this.onLogin(payload)));
    else if (this.tls !== undefined) this.tls.push(payload);
    else {
      const { encryption } = this.encryption;
      this.socket.write(framed(packetTypes.answer, preLogin(encryptions[encryption])));
      if (encryption === 'on') this.startTls(this.encryption);
    }
  }

  private startTls({ certificate = 'localhost', tls = 'TLSv1.2' }: Encryption): void {
    let shaken = false;
    const inner = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer, _encoding, done) => {
        this.socket.write(shaken ? bytes : framed(packetTypes.preLogin, bytes));
        done();
      },
    });
    const secure = new TLSSocket(inner, {
      isServer: true,
      cert: readFileSync(join(certificates, `${certificate}.pem`)),
      key: readFileSync(join(certificates, 'server.key')),
      minVersion: 'TLSv1',
      maxVersion: tls,
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    secure.on('secure', () => setImmediate(() => (shaken = true)));
    secure.on('error', () => this.socket.destroy());
    secure.on('data', (bytes: Buffer) =>
      secure.end(framed(packetTypes.answer, this.onLogin(bytes.subarray(headerBytes)))),
    );
    this.tls = inner;
  }
}

function framed(type: number, payload: Buffer): Buffer {
  const header = Buffer.from([type, 1, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(headerBytes + payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** Version and encryption, and nothing else. */
const preLogin = (encryption: number): Buffer =>
  Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0, 0, 0, 0, encryption]);

const userAt = 40;

function userOf(login: Buffer): string {
  const [from, characters] = [login.readUInt16LE(userAt), login.readUInt16LE(userAt + 2)];
  return login.toString('utf16le', from, from + characters * 2);
}

const errorToken = 0xaa;
const doneToken = 0xfd;

function errors(numbers: readonly number[]): Buffer {
  const message = 'refused';
  const body = (number: number): Buffer => {
    const text = Buffer.from(message, 'utf16le');
    const token = Buffer.alloc(3 + 4 + 2 + 2 + text.length + 2 + 4);
    token.writeUInt8(errorToken, 0);
    token.writeUInt16LE(token.length - 3, 1);
    token.writeInt32LE(number, 3);
    token.writeUInt8(1, 7);
    token.writeUInt8(14, 8);
    token.writeUInt16LE(message.length, 9);
    text.copy(token, 11);
    return token;
  };
  const done = Buffer.from([doneToken, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([...numbers.map(body), done]);
}
