// The zip of a Bulk Read job as a stream that fails rather than ends early. Never holds the file, never sends the token elsewhere.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { downloadRoute, type Api } from './api';
import { credits } from '../credits/prices';
import { ZohoError } from '../errors';
import { aborted, trouble, type Opened } from '../wire/http';

type Body = Extract<Opened, { body: unknown }>['body'];

/**
 * Opens the download (1 credit; ten a minute, then 429 for the rest of the minute). Rejects with refused RESOURCE_NOT_FOUND when
 * the file is gone, throttled with a minute's wait, bug FOREIGN_HOST for a URL elsewhere. The stream is destroyed with a transient
 * ZohoError: STALLED after `stallMs` without a byte while the reader waits, TRUNCATED when short of Content-Length, ABORTED, NETWORK.
 */
export async function openDownload(
  api: Api,
  downloadPath: string,
  options: { stallMs: number; signal?: AbortSignal | undefined },
): Promise<Readable> {
  const answer = await api.open({
    route: downloadRoute,
    method: 'GET',
    path: downloadPath,
    headers: { accept: '*/*' },
    credits: credits.ordinary,
    signal: options.signal,
  });
  if (!('body' in answer)) {
    throw new ZohoError(`Zoho answered ${downloadRoute} without a file (HTTP ${answer.status})`, {
      verdict: 'transient',
      code: 'NO_FILE',
      status: answer.status,
    });
  }
  const promised = Number(answer.header('content-length') ?? NaN);
  return fileStream(answer.body, { ...options, promised });
}

const bytes = z.instanceof(Buffer);

/** Destroying it destroys the connection at once, also while no byte comes. */
function fileStream(
  body: Body,
  options: { stallMs: number; signal?: AbortSignal | undefined; promised: number },
): Readable {
  const { stallMs, signal, promised } = options;
  const iterator = body[Symbol.asyncIterator]();
  let received = 0;
  async function nextChunk(): Promise<Buffer | null> {
    try {
      const next = await withinStall(() => iterator.next(), stallMs);
      if (next.done) {
        if (received < promised) throw truncated();
        return null;
      }
      const chunk = bytes.parse(next.value);
      received += chunk.length;
      return chunk;
    } catch (error) {
      throw broken(error, { signal, received, promised });
    }
  }
  return new Readable({
    read() {
      nextChunk().then(
        (chunk) => this.push(chunk),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error('not an error')),
      );
    },
    destroy(error, done) {
      body.destroy();
      done(error);
    },
  });
}

/** Measured only while the reader waits for bytes: a slow reader is no stall. */
async function withinStall<T>(next: () => Promise<T>, stallMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stall = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(stalled()), stallMs);
  });
  try {
    return await Promise.race([next(), stall]);
  } finally {
    clearTimeout(timer);
  }
}

function broken(
  error: unknown,
  facts: { signal: AbortSignal | undefined; received: number; promised: number },
): ZohoError {
  if (facts.signal?.aborted) return aborted(downloadRoute, facts.signal);
  if (error instanceof ZohoError) return error;
  if (facts.received < facts.promised) return truncated(error);
  return trouble(error, { route: downloadRoute, timedOut: false, signal: facts.signal });
}

const stalled = (): ZohoError =>
  new ZohoError('A download from Zoho stands still; it is tried again', {
    verdict: 'transient',
    code: 'STALLED',
  });

const truncated = (cause?: unknown): ZohoError =>
  new ZohoError('A download from Zoho ended before its announced length; it is tried again', {
    verdict: 'transient',
    code: 'TRUNCATED',
    cause,
  });
