// The words that the reading side and the parsing thread exchange.
import type { PageBatch, PageError } from './page';

export type ToThread = { kind: 'chunk'; bytes: Uint8Array } | { kind: 'end' } | { kind: 'more' };

export type FromThread =
  | { kind: 'chunk-taken' }
  | { kind: 'batch'; batch: PageBatch }
  | { kind: 'failed'; code: PageError['code']; message: string };
