// A stretch of network that a test can cut: everything passes unchanged, until a connection has sent so many bytes, or all is down.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Cut off without a word; ended politely; or ended behind what was sent, whose answer is lost. */
export type Cut = 'reset' | 'end' | 'deliver';

export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private allowance = Infinity;
  private how: Cut = 'reset';
  private cut: () => void = () => undefined;
  /** What all clients together have sent so far. */
  sent = 0;

  private constructor(
    private readonly target: { host: string; port: number },
    public port: number,
  ) {}

  static async open(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, 0);
    await proxy.up();
    return proxy;
  }

  /** The same port as before. */
  async up(): Promise<void> {
    const server = (this.server = createServer((near) => this.join(near)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
  }

  /** Nothing listens any more, and every connection is cut. */
  async down(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Once all clients together have sent so many bytes from now on, what is connected is cut; what comes then passes. Resolves with the cut. */
  cutAfter(bytes: number, how: Cut = 'reset'): Promise<void> {
    this.allowance = bytes;
    this.how = how;
    return new Promise((resolve) => (this.cut = resolve));
  }

  private join(near: Socket): void {
    const far = connect(this.target);
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => {
      this.sent += bytes.length;
      if (bytes.length < this.allowance) {
        this.allowance -= bytes.length;
        if (!far.write(bytes)) near.pause();
        return;
      }
      this.allowance = Infinity;
      if (this.how === 'deliver') far.end(bytes, () => near.resetAndDestroy());
      else if (this.how === 'reset') for (const socket of [near, far]) socket.resetAndDestroy();
      else for (const socket of [near, far]) socket.end();
      this.cut();
    });
    far.on('drain', () => near.resume());
    far.pipe(near, { end: false });
  }
}
