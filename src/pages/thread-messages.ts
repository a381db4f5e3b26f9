// The words that the reading side and the parsing thread exchange.
import type { PageBatch, PageError } from './page';

export type ToThread =
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'end' }
  /** With the memory of the batch that is done with: to make it anew for every batch kept the garbage collector busy. */
  | { kind: 'more'; memory?: ArrayBuffer };

export type FromThread =
  | { kind: 'chunk-taken' }
  | { kind: 'batch'; batch: PageBatch }
  | { kind: 'failed'; code: PageError['code']; message: string };
