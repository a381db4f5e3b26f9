// Zips as Zoho makes them: one CSV, streamed, so that sizes and checksum come only after the contents.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

export async function zipped(csv: string, name = '1000.csv', compress = true): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addReadStream(Readable.from([Buffer.from(csv)]), name, { compress });
  zip.end();
  return buffer(zip.outputStream);
}

/** In small pieces, so that every border falls somewhere awkward. */
export const inPieces = (bytes: Buffer, size = 1_000): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
    { objectMode: false },
  );
