// Reads a page on a second thread, so that unpacking, parsing and typing overlap with the database's work.
// Both directions are bounded: compressed chunks on their way in, batches on their way out.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { memoryOf, PageError, type PageBatch, type PagePlan } from './page';
import type { FromThread, ToThread } from './thread-messages';

/** 64 KiB each, as the network delivers them: enough to parse on while the main thread is inside a merge. */
const maxChunksAhead = 64;
const batchesAhead = 2;
/** Keeps the thread's garbage small; a page's rows only pass through. */
const heapLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 96 };

/**
 * Batches of typed rows in file order. What a batch holds in bytes is gone when the next one is asked for. The stream of the download is read to its end or destroyed.
 * Throws a PageError when the page is not whole, and whatever the download throws.
 */
export async function* readPage(zip: Readable, plan: PagePlan): AsyncGenerator<PageBatch> {
  const thread = new Worker(join(__dirname, 'parse-thread.js'), {
    workerData: plan,
    resourceLimits: heapLimits,
  });
  const inbox = new Inbox(thread);
  const say = (message: ToThread, transfer: ArrayBuffer[] = []): void =>
    thread.postMessage(message, transfer);
  const feeding = feed(zip, inbox, say).catch((error: unknown) => inbox.fail(error));
  try {
    for (let i = 0; i < batchesAhead; i += 1) say({ kind: 'more' });
    for (;;) {
      const batch = await inbox.nextBatch();
      yield batch;
      if (batch.last) return;
      const [memory] = memoryOf(batch);
      say({ kind: 'more', ...(memory ? { memory } : {}) }, memory ? [memory] : []);
    }
  } finally {
    inbox.fail(new Error('The reader has stopped'));
    zip.destroy();
    await Promise.all([feeding, thread.terminate()]);
  }
}

async function feed(
  zip: Readable,
  inbox: Inbox,
  say: (message: ToThread, transfer?: ArrayBuffer[]) => void,
): Promise<void> {
  for await (const chunk of zip as AsyncIterable<Buffer>) {
    // A copy of its own: a Buffer may share its memory with others, which a transfer would take away from them.
    const bytes = new Uint8Array(chunk);
    inbox.chunksAhead += 1;
    say({ kind: 'chunk', bytes }, [bytes.buffer]);
    if (!(await inbox.roomForChunks())) return;
  }
  say({ kind: 'end' });
}

const threadError = (error: Error): Error =>
  'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new PageError('TOO_LARGE', 'A record of the page does not fit into memory')
    : error;

/** What the thread has said so far, and who waits for it. */
class Inbox {
  chunksAhead = 0;
  private readonly batches: PageBatch[] = [];
  private failure: { error: unknown } | undefined;
  private wake: (() => void)[] = [];

  constructor(thread: Worker) {
    thread.on('message', (message: FromThread) => this.take(message));
    thread.on('error', (error) => this.fail(threadError(error)));
    thread.on('exit', () => this.fail(new PageError('ZIP', 'The parsing thread ended')));
  }

  async nextBatch(): Promise<PageBatch> {
    for (;;) {
      const batch = this.batches.shift();
      if (batch) return batch;
      if (this.failure) throw this.failure.error;
      await this.change();
    }
  }

  /** False when nobody reads any more. */
  async roomForChunks(): Promise<boolean> {
    while (this.chunksAhead >= maxChunksAhead && !this.failure) await this.change();
    return !this.failure;
  }

  /** The first failure counts. Batches that arrived before it are still given out. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.changed();
  }

  private take(message: FromThread): void {
    if (message.kind === 'chunk-taken') this.chunksAhead -= 1;
    else if (message.kind === 'batch') this.batches.push(message.batch);
    else this.fail(new PageError(message.code, message.message));
    this.changed();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.wake.push(resolve));
  }

  private changed(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const resolve of waiting) resolve();
  }
}
