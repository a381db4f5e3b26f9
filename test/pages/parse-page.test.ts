import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { instant } from '../../src/mirror';
import type { ActualColumn, Layout } from '../../src/db/layout';
import {
  memoryOf,
  observationsOf,
  PageError,
  parsePage,
  type PageBatch,
  type PagePlan,
} from '../../src/pages';
import { leadMapping } from '../support/leads';
import { inPieces, zipped } from '../support/zip';

const header =
  'Last_Name,Budget,Email_Opt_Out,Next_Contact,Modified_Time,Owner,Interests,No_of_Employees,Tag,Id';
const line = (n: number, name = `Lead ${n}`): string =>
  `${name},1234567890123.123456789,true,2026-01-31,2026-01-31T10:00:00-07:00,5725767000000411001,"Red, white;Blue",5,"a,b",57257670000${String(n).padStart(8, '0')}`;
const page = (rows: number): string =>
  [header, ...Array.from({ length: rows }, (_, n) => line(n))].join('\r\n') + '\r\n';

const plan = (more: Partial<PagePlan> = {}): PagePlan => ({
  mapping: leadMapping(),
  observedAt: instant(Date.parse('2026-02-01T00:00:00Z')),
  expectedRows: 0,
  skipRows: 0,
  batchRows: 10,
  ...more,
});

async function read(zip: Buffer, given: PagePlan): Promise<{ batches: PageBatch[]; error?: unknown }> {
  const batches: PageBatch[] = [];
  try {
    for await (const batch of parsePage(inPieces(zip), given)) batches.push(batch);
    return { batches };
  } catch (error) {
    return { batches, error };
  }
}

test('trap 16: a row is typed by header name, the id and the money keep every digit', async () => {
  const { batches } = await read(await zipped(page(1)), plan({ expectedRows: 1 }));
  expect(observationsOf(batches[0]!)[0]).toEqual({
    kind: 'live',
    id: '5725767000000000000',
    modifiedAt: Date.parse('2026-01-31T17:00:00Z'),
    observedAt: Date.parse('2026-02-01T00:00:00Z'),
    values: [
      'Lead 0',
      '1234567890123.123456789',
      '1',
      '2026-01-31',
      '2026-01-31T17:00:00Z',
      '5725767000000411001',
      'Red, white;Blue',
      '5',
      'a,b',
    ],
  });
});

test('batches cover the file without gap or overlap, and only the last one says so', async () => {
  const { batches } = await read(await zipped(page(25)), plan({ expectedRows: 25 }));
  expect(batches.map(({ from, to, last }) => [from, to, last])).toEqual([
    [0, 10, false],
    [10, 20, false],
    [20, 25, true],
  ]);
});

test('a file that ends with a full batch still proves its end before the last batch goes out', async () => {
  const whole = await zipped(page(20));
  const { batches, error } = await read(whole.subarray(0, whole.length - 30), plan({ expectedRows: 20 }));
  expect(error).toBeInstanceOf(PageError);
  expect(batches.map(({ to, last }) => [to, last])).toEqual([[10, false]]);
});

test('reading resumes behind the rows that are committed', async () => {
  const { batches } = await read(await zipped(page(25)), plan({ expectedRows: 25, skipRows: 20 }));
  expect(batches).toHaveLength(1);
  expect(batches[0]).toMatchObject({ from: 20, to: 25, last: true });
  expect(observationsOf(batches[0]!)[0]!.id).toBe('5725767000000000020');
});

test('resuming behind the last row gives one empty last batch', async () => {
  const { batches } = await read(await zipped(page(20)), plan({ expectedRows: 20, skipRows: 20 }));
  expect(batches).toMatchObject([{ from: 20, to: 20, last: true, rows: { observations: [] } }]);
});

test('an empty export is a page without rows', async () => {
  const { batches } = await read(await zipped(`${header}\r\n`), plan());
  expect(batches).toMatchObject([{ from: 0, to: 0, last: true }]);
});

test.each([0.3, 0.6, 0.95])('a download cut at %d of its length never gives a last batch', async (share) => {
  const whole = await zipped(page(500));
  const { batches, error } = await read(
    whole.subarray(0, Math.floor(whole.length * share)),
    plan({ expectedRows: 500 }),
  );
  expect(error).toBeInstanceOf(PageError);
  expect(batches.some(({ last }) => last)).toBe(false);
});

test('a flipped byte is noticed', async () => {
  const whole = await zipped(page(500));
  whole[Math.floor(whole.length / 2)]! ^= 0x55;
  const { batches, error } = await read(whole, plan({ expectedRows: 500 }));
  expect(error).toBeInstanceOf(PageError);
  expect(batches.some(({ last }) => last)).toBe(false);
});

test('a wrong checksum in the directory is noticed', async () => {
  const whole = await zipped(page(5));
  const entry = whole.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  whole[entry + 16]! ^= 0xff;
  expect((await read(whole, plan({ expectedRows: 5 }))).error).toMatchObject({ code: 'CHECKSUM' });
});

describe('bytes behind the end of an archive, where its reader stands still,', () => {
  const withMore = async (bytes: number): Promise<Buffer> =>
    Buffer.concat([await zipped(page(5)), Buffer.alloc(bytes, 1)]);
  const outcomes = async (zip: Buffer): Promise<unknown[]> =>
    Promise.all(
      [1_000, zip.length].map(async (size) => {
        const pages = parsePage(inPieces(zip, size), plan({ expectedRows: 5 }));
        return pages.next().catch((error: unknown) => error);
      }),
    );

  test('change nothing where few: the CSV is proved by its checksum', async () => {
    const whole = { done: false, value: expect.objectContaining({ last: true, to: 5 }) };
    expect(await outcomes(await withMore(1_000))).toEqual([whole, whole]);
  });

  test('are refused where so many that they hide the directory', async () => {
    const refused = expect.objectContaining({ code: 'TRUNCATED' });
    expect(await outcomes(await withMore(300_000))).toEqual([refused, refused]);
  });
});

test.each([24, 26])('25 rows where Zoho announced %i are not a page', async (expectedRows) => {
  expect((await read(await zipped(page(25)), plan({ expectedRows }))).error).toMatchObject({
    code: 'ROW_COUNT',
  });
});

test('an endless file is given up at the first row too many, before a batch of it goes out', async () => {
  const { batches, error } = await read(await zipped(page(50_000)), plan({ expectedRows: 5 }));
  expect(error).toMatchObject({ code: 'ROW_COUNT' });
  expect(batches).toEqual([]);
});

test('a bomb is given up at the limit, however small its zip is', async () => {
  // Blank lines are no rows: nothing but the size tells.
  const bomb = await zipped(`${header}\r\n${'\r\n'.repeat(5_000_000)}`);
  expect(bomb.length).toBeLessThan(20_000);
  const limited = parsePage(inPieces(bomb), plan(), { csvBytes: 1_000_000 });
  await expect(limited.next()).rejects.toMatchObject({
    code: 'TOO_LARGE',
    message: 'The CSV is larger than 1000000 bytes',
  });
});

test('a record without an end is given up at 16 MB, and not quoted', async () => {
  const endless = await zipped(`${header}\r\n"${'x'.repeat(20_000_000)}`);
  expect((await read(endless, plan({ expectedRows: 1 }))).error).toMatchObject({
    code: 'CSV',
    message: 'The CSV cannot be read (CSV_MAX_RECORD_SIZE)',
  });
});

test('a second file in the archive is refused before it is unpacked', async () => {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(page(1)), '1000.csv');
  zip.addBuffer(Buffer.alloc(50_000_000), 'bomb.bin');
  zip.end();
  const whole = await buffer(zip.outputStream);
  expect((await read(whole, plan({ expectedRows: 1 }))).error).toMatchObject({
    code: 'ZIP',
    message: 'The archive holds more than the one CSV',
  });
});

test('what is not a zip is refused', async () => {
  expect((await read(Buffer.from('<html>Sorry</html>'.repeat(100)), plan())).error).toBeInstanceOf(PageError);
});

test('a missing column stops the page, because its values must not become null', async () => {
  const csv = 'Last_Name,Id\r\nA,1\r\n';
  expect((await read(await zipped(csv), plan({ expectedRows: 1 }))).error).toMatchObject({
    code: 'COLUMNS',
    message: expect.stringContaining('Budget'),
  });
});

test('a row that cannot be typed is rejected by itself, with column, reason and the raw row', async () => {
  const bad = line(1).replace('1234567890123.123456789', 'much');
  const short = 'only,three,cells';
  const noId = line(3).replace(/,\d+$/, ',x');
  const noTime = line(5).replace('2026-01-31T10:00:00-07:00', 'yesterday');
  const csv = [header, line(0), bad, short, noId, line(4), noTime].join('\r\n');
  const { batches } = await read(await zipped(csv), plan({ expectedRows: 6 }));
  const [batch] = batches;
  expect(observationsOf(batch!).map(({ id }) => id)).toEqual(['5725767000000000000', '5725767000000000004']);
  const modifiedAt = Date.parse('2026-01-31T17:00:00Z');
  const observedAt = Date.parse('2026-02-01T00:00:00Z');
  expect(batch!.rejects.map(({ raw: _, ...reject }) => reject)).toEqual([
    { id: '5725767000000000001', column: 'Budget', reason: 'not a number', modifiedAt, observedAt },
    { reason: 'the row has 3 cells, the header 10', observedAt },
    {
      column: 'Id',
      reason: 'the record id is not a whole number of up to 19 digits',
      modifiedAt,
      observedAt,
    },
    {
      id: '5725767000000000005',
      column: 'Modified_Time',
      reason: 'not a time with an offset (ISO 8601)',
      observedAt,
    },
  ]);
  expect(JSON.parse(batch!.rejects[0]!.raw)).toMatchObject({ Budget: 'much', Id: '5725767000000000001' });
});

test('trap 16: quotes, line breaks, emoji and a byte order mark survive', async () => {
  const csv = `\ufeff${header}\r\n${line(0, '"O""Neil,\r\nзаказ 🚀"')}\r\n`;
  const { batches } = await read(await zipped(csv), plan({ expectedRows: 1 }));
  expect(observationsOf(batches[0]!)[0]!.values[0]).toBe('O"Neil,\r\nзаказ 🚀');
});

test('the same zip gives the same bytes to the test and to the reader', async () => {
  const whole = await zipped(page(3));
  expect((await buffer(inPieces(whole, 7))).equals(whole)).toBe(true);
});

/** Every value as text, in a table of just these columns. */
function textLayout(): Layout {
  const text = (name: string): ActualColumn => ({
    name,
    kind: 'text',
    declared: 'nvarchar(200)',
    maxLength: 200,
    nullable: true,
    hasDefault: false,
  });
  const columns = leadMapping().fields.map(({ column }) => text(column));
  return {
    table: {
      module: 'Leads',
      table: 'Leads',
      key: 'id',
      columns: [],
      deletes: 'soft',
      bookkeeping: 'side-table',
      constants: {},
    },
    key: text('id'),
    columns,
    constants: [],
    flags: [],
  };
}

test('the memory of a batch that is done with is used again, and the rows in it are those of the file', async () => {
  const given = plan({ expectedRows: 45, preparation: { layout: textLayout() } });
  const zip = await zipped(page(45));
  const encoded = (batch: PageBatch): string =>
    'prepared' in batch.rows ? Buffer.from(batch.rows.prepared.encoded).toString('hex') : '';
  const fresh = (await read(zip, given)).batches.map(encoded);

  const memory: ArrayBuffer[] = [];
  const used = new Set<ArrayBuffer>();
  const again: string[] = [];
  for await (const batch of parsePage(inPieces(zip), given, { memory })) {
    again.push(encoded(batch));
    for (const bytes of memoryOf(batch)) {
      used.add(bytes);
      memory.push(bytes);
    }
  }
  expect(again).toEqual(fresh);
  expect(fresh).toHaveLength(5);
  expect(used.size).toBe(1);
});
