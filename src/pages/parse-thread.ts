// The other thread: gets the zip in chunks, gives typed batches back. It knows no network, no database and no secret.
import { Readable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { memoryOf, PageError, type PageBatch, type PagePlan } from './page';
import { parsePage } from './parse';
import type { FromThread, ToThread } from './thread-messages';

const port = parentPort;
if (!port) throw new Error('This file runs as a worker thread only');

const chunks: Uint8Array[] = [];
const say = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
let ended = false;
let hungry = false;
let batchesWanted = 0;
const memory: ArrayBuffer[] = [];
let wake: () => void = () => undefined;

const zip = new Readable({
  read() {
    hungry = true;
    feed();
  },
});

/** Only what is asked for is taken out: the other side counts what is still waiting here. */
function feed(): void {
  while (hungry) {
    const chunk = chunks.shift();
    if (!chunk) break;
    say({ kind: 'chunk-taken' });
    hungry = zip.push(chunk);
  }
  if (ended && chunks.length === 0) zip.push(null);
}

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'chunk':
      chunks.push(message.bytes);
      return feed();
    case 'end':
      ended = true;
      return feed();
    case 'more':
      batchesWanted += 1;
      if (message.memory) memory.push(message.memory);
      return wake();
  }
});

/** Bytes change hands; observations have to be copied, string by string. */
const give = (batch: PageBatch): void => say({ kind: 'batch', batch }, memoryOf(batch));

async function main(): Promise<void> {
  for await (const batch of parsePage(zip, workerData as PagePlan, { memory })) {
    give(batch);
    batchesWanted -= 1;
    while (batchesWanted <= 0 && !batch.last) await new Promise<void>((resolve) => (wake = resolve));
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    if (error instanceof PageError) say({ kind: 'failed', code: error.code, message: error.message });
    else throw error;
  },
);
