// The zip of a Bulk Read job as a stream that fails rather than ends early. Never holds the file, never sends the token elsewhere.
import { Readable } from 'node:stream';
import { downloadRoute, type Api } from './api';
import { credits } from './credits';
import { ZohoError } from './errors';
import { aborted, trouble, type Opened } from './http';

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
  const stream = Readable.from(chunks(answer.body, { ...options, promised }), { objectMode: false });
  // Also when the reader gives up while no byte comes: the generator alone would notice only at the next one.
  stream.once('close', () => answer.body.destroy());
  return stream;
}

async function* chunks(
  body: Body,
  options: { stallMs: number; signal?: AbortSignal | undefined; promised: number },
): AsyncGenerator<Buffer> {
  const { stallMs, signal, promised } = options;
  const iterator = body[Symbol.asyncIterator]();
  let received = 0;
  for (;;) {
    const next = await withinStall(() => iterator.next(), stallMs).catch((error: unknown) => {
      body.destroy();
      throw broken(error, { signal, received, promised });
    });
    if (next.done) break;
    const chunk: Buffer = next.value;
    received += chunk.length;
    yield chunk;
  }
  if (received < promised) throw truncated();
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
