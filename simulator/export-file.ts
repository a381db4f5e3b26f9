// Packs a CSV into a zip file on disk without holding it in memory; it never writes twice to one path.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { ZipFile } from 'yazl';
import { csvChunks, type CsvSource } from './csv';

// Speed over size: a rehearsal downloads from itself.
const COMPRESSION_LEVEL = 1;

export async function writeExport(path: string, jobId: string, source: CsvSource): Promise<void> {
  const zip = new ZipFile();
  const csv = Readable.from(breathing(csvChunks(source)), { objectMode: false });
  const options = { mtime: new Date(0), compress: true, compressionLevel: COMPRESSION_LEVEL, mode: 0o100644 };
  const failed = new Promise<never>((_, reject) => {
    csv.once('error', reject);
    zip.once('error', reject);
  });
  zip.addReadStream(csv, `${jobId}.csv`, options);
  zip.end();
  await Promise.race([pipeline(zip.outputStream, createWriteStream(path)), failed]);
}

/** Lets other requests in between chunks, so that a large export does not stop the server. */
async function* breathing(chunks: Iterable<string>): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    yield Buffer.from(chunk);
    await setImmediate();
  }
}
