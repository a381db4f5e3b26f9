// Sends one HTTP request once. Never retries, never follows a redirect, never puts a URL, a body or a token into an error.
import { Agent, request, type Dispatcher } from 'undici';
import { instant, type Instant } from '../../mirror/instant';
import type { ZohoClock } from '../clock';
import { ZohoError } from '../errors';

export interface Outgoing {
  /** A fixed name of the call, for errors and metrics; holds no id. */
  route: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Price by Zoho's list. */
  credits: number;
  signal?: AbortSignal | undefined;
}

export interface Incoming {
  status: number;
  header(name: string): string | undefined;
  /** Local clock just before the request was sent, milliseconds. */
  sentAt: number;
  /** The answer's own `Date`. */
  date: Instant | undefined;
}

export type Opened = Incoming & ({ body: Dispatcher.ResponseData['body'] } | { text: string });

/** Told after each answer or failure; status 0 when no answer came. */
export type Observer = (seen: Outgoing, status: number, ms: number, remaining?: string) => void;

export interface Http {
  /** The whole answer, within `timeoutMs` from start to end. Throws transient TIMEOUT, NETWORK or ABORTED. */
  send(outgoing: Outgoing): Promise<Incoming & { text: string }>;
  /** The head within `timeoutMs`; the body of a 200 as it arrives, without a limit of its own; any other as text. */
  open(outgoing: Outgoing): Promise<Opened>;
  close(): Promise<void>;
}

export function createHttp(options: {
  timeoutMs: number;
  userAgent: string;
  clock: ZohoClock;
  observe: Observer;
}): Http {
  const { timeoutMs, userAgent, clock, observe } = options;
  // Time limits are ours alone: undici's own are coarser than a second and do not cover the whole answer.
  const agent = new Agent({ connect: { timeout: timeoutMs }, headersTimeout: 0, bodyTimeout: 0 });

  async function head(outgoing: Outgoing, signal: AbortSignal) {
    const sentAt = clock.local();
    const answer = await request(outgoing.url, {
      dispatcher: agent,
      method: outgoing.method,
      headers: { 'user-agent': userAgent, accept: 'application/json', ...outgoing.headers },
      ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
      signal,
    });
    const header = (name: string): string | undefined => [answer.headers[name]].flat()[0];
    const date = httpDate(header('date'));
    clock.learn(date);
    return { status: answer.statusCode, header, sentAt, date, body: answer.body };
  }

  /** Runs within a time limit and under the caller's signal, and reports how it went. `run` releases the limit on success. */
  async function limited<T extends Incoming>(
    outgoing: Outgoing,
    run: (limit: ReturnType<typeof createLimit>) => Promise<T>,
  ): Promise<T> {
    const limit = createLimit(timeoutMs, outgoing.signal);
    const startedAt = performance.now();
    let answer: T;
    try {
      answer = await run(limit);
    } catch (error) {
      limit.release();
      observe(outgoing, 0, performance.now() - startedAt);
      throw trouble(error, { route: outgoing.route, timedOut: limit.timedOut(), signal: outgoing.signal });
    }
    const ms = performance.now() - startedAt;
    observe(outgoing, answer.status, ms, answer.header('x-api-credits-remaining'));
    return answer;
  }

  return {
    send: (outgoing) =>
      limited(outgoing, async (limit) => {
        const { body, ...rest } = await head(outgoing, limit.signal);
        const text = await wholeText(body, outgoing.route);
        limit.release();
        return { ...rest, text };
      }),
    open: (outgoing) =>
      limited<Opened>(outgoing, async (limit) => {
        const answer = await head(outgoing, limit.signal);
        if (answer.status !== 200) {
          const { body, ...rest } = answer;
          const text = await wholeText(body, outgoing.route);
          limit.release();
          return { ...rest, text };
        }
        limit.stopTimer();
        answer.body.on('error', () => undefined); // An abort before anybody reads must not be unhandled.
        answer.body.once('close', () => limit.release());
        return answer;
      }),
    close: () => agent.destroy(),
  };
}

/** Far above 200 records of 50 long fields. Answers are never compressed: none is asked for. */
const maxAnswerBytes = 64 * 1024 * 1024;

async function wholeText(body: Dispatcher.ResponseData['body'], route: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the body and its connection.
    if (bytes > maxAnswerBytes)
      throw new ZohoError(`Zoho's answer to ${route} is over 64 MB and was not read; it is tried again`, {
        verdict: 'transient',
        code: 'TOO_LARGE',
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** One AbortSignal out of a time limit and the caller's signal; nothing stays registered at the caller's after `release`. */
function createLimit(timeoutMs: number, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, timeoutMs);
  const abort = (): void => controller.abort();
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  const stopTimer = (): void => clearTimeout(timer);
  return {
    signal: controller.signal,
    timedOut: () => timedOut,
    stopTimer,
    release() {
      stopTimer();
      outer?.removeEventListener('abort', abort);
    },
  };
}

function httpDate(header: string | undefined): Instant | undefined {
  const ms = header === undefined ? NaN : Date.parse(header);
  return Number.isNaN(ms) ? undefined : instant(ms);
}

/** A failure of the transport as a transient ZohoError: ABORTED (cause: the signal's reason), TIMEOUT or NETWORK. */
export function trouble(
  error: unknown,
  facts: { route: string; timedOut: boolean; signal: AbortSignal | undefined },
): ZohoError {
  if (error instanceof ZohoError) return error;
  if (facts.signal?.aborted) return aborted(facts.route, facts.signal);
  if (facts.timedOut) {
    return new ZohoError(`Zoho did not answer ${facts.route} in time; it is tried again`, {
      verdict: 'transient',
      code: 'TIMEOUT',
    });
  }
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new ZohoError(`The connection to Zoho failed during ${facts.route} (${reason}); it is tried again`, {
    verdict: 'transient',
    code: 'NETWORK',
    details: { reason },
    cause: error,
  });
}

export const aborted = (route: string, signal: AbortSignal): ZohoError =>
  new ZohoError(`${route} was given up by its caller`, {
    verdict: 'transient',
    code: 'ABORTED',
    cause: signal.reason,
  });
