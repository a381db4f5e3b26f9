// Spoils an answer's bytes as a rule says: cut short, cut off, flipped or stalled; it never decides when.
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { FaultRule } from './faults';

const FLIPPED_BYTES = 16;

/** `size` is the whole length; half of it passes unless the rule says otherwise. */
export function damaged(
  source: Readable,
  size: number,
  from: { rule: FaultRule; request: FastifyRequest },
): Readable {
  const { rule, request } = from;
  const limit = rule.afterBytes ?? Math.floor(size / 2);
  if (rule.kind === 'corrupt') return Readable.from(flipped(source, limit), { objectMode: false });
  const first = head(source, limit);
  switch (rule.kind) {
    case 'stall':
      return Readable.from(
        then(first, () => new Promise<never>(() => undefined)),
        { objectMode: false },
      );
    case 'cut':
      return Readable.from(
        then(first, () => {
          // After the bytes had a chance to leave.
          setTimeout(() => request.raw.socket.destroy(), 50);
          return new Promise<never>(() => undefined);
        }),
        { objectMode: false },
      );
    default:
      return Readable.from(first, { objectMode: false });
  }
}

async function* chunksOf(source: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield Buffer.from(chunk);
}

async function* head(source: Readable, limit: number): AsyncGenerator<Buffer> {
  let left = limit;
  for await (const chunk of chunksOf(source)) {
    if (left > 0) yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* then(first: AsyncGenerator<Buffer>, last: () => Promise<never>): AsyncGenerator<Buffer> {
  yield* first;
  await last();
}

async function* flipped(source: Readable, from: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const chunk of chunksOf(source)) {
    for (let index = 0; index < chunk.length; index += 1) {
      const place = at + index;
      if (place >= from && place < from + FLIPPED_BYTES) chunk[index] = (chunk[index] ?? 0) ^ 0xff;
    }
    at += chunk.length;
    yield chunk;
  }
}
