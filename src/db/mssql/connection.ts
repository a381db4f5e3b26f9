// tedious's connection, stricter in one point and more talkative in another. It relies on the inside of the version that is pinned.
import * as tedious from 'tedious';

type PreloginPayload = Parameters<tedious.Connection['performTlsNegotiation']>[0];

export class StrictConnection extends tedious.Connection {
  /** What the server says first is the cause; what it says last is only that the login failed. */
  private firstRefusal: number | undefined;

  constructor(config: tedious.ConnectionConfiguration) {
    super(config);
    this.on('errorMessage', ({ number }) => (this.firstRefusal ??= number));
  }

  /** A refused login comes with its number. */
  override connect(listener?: (error?: Error) => void): void {
    super.connect((error) => {
      const number = this.firstRefusal;
      listener?.(error && number !== undefined ? Object.assign(error, { number }) : error);
    });
  }

  /** tedious logs in without encryption where the server says that it has none: anybody between the two could say so. */
  override async performTlsNegotiation(payload: PreloginPayload, signal: AbortSignal): Promise<void> {
    await super.performTlsNegotiation(payload, signal);
    const { encrypt } = this.config.options;
    const encrypted = encrypt === 'strict' || this.messageIo.tlsNegotiationComplete;
    if (encrypt !== false && !encrypted)
      throw Object.assign(new Error('The server offers no encryption'), { code: 'ENOTLS' });
  }
}

/** What Knex takes for tedious. */
export const driver = { ...tedious, Connection: StrictConnection };
