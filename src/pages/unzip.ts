// The one CSV inside a Bulk Read zip, as a checked stream: it fails unless the archive ends properly and the checksum is right.
// unzipper does not check CRC-32 itself, so the checksum is compared with the central directory at the end of the archive.
import { PassThrough, Transform, type Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { Parse, type Entry } from 'unzipper';
import { PageError } from './page';

/** Ten times what 200,000 rows of 8 KB are. Deflate packs up to a thousandfold, so a small file may hold a disk full of nothing. */
const maxCsvBytes = 16 * 1024 ** 3;

/** End record (22 bytes and a comment) plus one directory entry with a long name fit well into this. */
const tailBytes = 66_000;

/** Keeps the last bytes that went through. */
class Tail extends Transform {
  bytes: Buffer = Buffer.alloc(0);
  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    const joined = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    this.bytes = joined.length > tailBytes ? joined.subarray(joined.length - tailBytes) : joined;
    done(null, chunk);
  }
}

/** Counts and sums up what went through; the end is held back until `verify` has answered. */
class Checksum extends Transform {
  private sum = 0;
  private size = 0;
  constructor(
    private readonly verify: (sum: number, size: number) => Promise<void>,
    private readonly maxBytes: number,
  ) {
    super();
  }
  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.sum = crc32(chunk, this.sum);
    this.size += chunk.length;
    if (this.size > this.maxBytes)
      return done(new PageError('TOO_LARGE', `The CSV is larger than ${this.maxBytes} bytes`));
    done(null, chunk);
  }
  override _flush(done: (error?: Error | null) => void): void {
    this.verify(this.sum, this.size).then(() => done(), done);
  }
}

/** The CSV as a stream of bytes. Destroying it stops the download. Errors are PageErrors or the download's own. */
export function csvOf(zip: Readable, maxBytes = maxCsvBytes): Readable {
  const tail = new Tail();
  const archive = Parse();
  const csv = new PassThrough();
  let entries = 0;
  const allArrived = new Promise<void>((resolve) => tail.on('end', resolve));
  const fail = (error: Error): void => void csv.destroy(error);

  archive.on('entry', (entry: Entry) => {
    entries += 1;
    // Not even unpacked: it may be a bomb.
    if (entries > 1) return fail(severalFiles());
    const checked = new Checksum(async (sum, size) => {
      // unzipper would stand still at bytes behind the end; what follows the CSV is only looked at here.
      tail.unpipe(archive).resume();
      await allArrived;
      verify(tail.bytes, sum, size);
    }, maxBytes);
    entry.on('error', (error: Error) => fail(archiveError(error)));
    checked.on('error', fail);
    entry.pipe(checked).pipe(csv);
  });
  archive.on('error', (error: Error) => fail(archiveError(error)));
  // By then it has looked at what it has.
  tail.on('end', () =>
    setImmediate(() => entries === 0 && fail(new PageError('ZIP', 'The archive is empty'))),
  );
  zip.on('error', fail);
  tail.on('error', fail);
  csv.on('close', () => zip.destroy());
  zip.pipe(tail).pipe(archive);
  return csv;
}

const severalFiles = (): PageError => new PageError('ZIP', 'The archive holds more than the one CSV');

const archiveError = (error: Error): PageError =>
  error.message === 'FILE_ENDED'
    ? new PageError('TRUNCATED', 'The archive ends too soon')
    : new PageError('ZIP', 'The archive cannot be unpacked');

const endOfDirectory = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const directoryEntry = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
const tooLargeFor32 = 0xffffffff;

function verify(tail: Buffer, sum: number, size: number): void {
  const end = tail.lastIndexOf(endOfDirectory);
  if (end < 0 || end + 22 > tail.length) throw new PageError('TRUNCATED', 'The archive has no end');
  if (tail.readUInt16LE(end + 10) !== 1) throw severalFiles();
  const entry = tail.lastIndexOf(directoryEntry, end);
  if (entry < 0 || entry + 46 > end) throw new PageError('TRUNCATED', 'The archive has no directory');
  const expectedSize = tail.readUInt32LE(entry + 24);
  if (tail.readUInt32LE(entry + 16) !== sum || (expectedSize !== tooLargeFor32 && expectedSize !== size))
    throw new PageError('CHECKSUM', 'The checksum of the CSV is wrong');
}
