// Zip → CSV → typed rows, in batches, in order. Holds one batch at a time and never gives out a last batch before the page is proved whole.
import type { Readable } from 'node:stream';
import { CsvError, parse as csvParser, type Parser } from 'csv-parse';
import { parseInstant, type Instant } from '../mirror/instant';
import { modifiedTime, typings } from '../mirror/mapping';
import type { LiveObservation } from '../mirror/observation';
import { isRecordId } from '../mirror/record-id';
import { TypingError, type Typing } from '../mirror/typing';
import { PageError, type PageBatch, type PagePlan, type RejectedRow } from './page';
import { csvOf } from './unzip';

/** A cell of 32,000 characters is the longest that Zoho stores; a record of this size is not a record. */
const maxRecordBytes = 16 * 1024 * 1024;

export async function* parsePage(
  zip: Readable,
  plan: PagePlan,
  limits: { csvBytes?: number } = {},
): AsyncGenerator<PageBatch> {
  const csv = csvOf(zip, limits.csvBytes);
  const parser = csvParser({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: maxRecordBytes,
  });
  csv.on('error', (error) => parser.destroy(error));
  csv.pipe(parser);
  try {
    yield* batches(parser, plan);
  } finally {
    csv.destroy();
    parser.destroy();
  }
}

/** Bounds a batch of long texts: what is in flight must fit the thread's heap several times. */
const batchChars = 4 * 1024 * 1024;

async function* batches(parser: Parser, plan: PagePlan): AsyncGenerator<PageBatch> {
  const next = recordReader(parser);
  const header = await next();
  const read = header ? rowReader(header, plan) : undefined;
  let rows = 0;
  let batch = emptyBatch(plan.skipRows);
  let chars = 0;
  for (;;) {
    const record = await next();
    if (!record || !read) break;
    // At once: an endless file must not fill the table before its end is found to be wrong.
    if (rows === plan.expectedRows)
      throw new PageError('ROW_COUNT', `The page has more rows than the ${rows} that Zoho announced`);
    // A full batch goes out only when another row follows: the last one waits for the end of the archive.
    if (batch.to - batch.from === plan.batchRows || chars >= batchChars) {
      yield batch;
      batch = emptyBatch(rows);
      chars = 0;
    }
    rows += 1;
    if (rows <= plan.skipRows) continue;
    for (const cell of record) chars += cell.length;
    batch.to = rows;
    read(record, batch);
  }
  if (rows !== plan.expectedRows)
    throw new PageError('ROW_COUNT', `The page has ${rows} rows where Zoho announced ${plan.expectedRows}`);
  yield { ...batch, last: true };
}

const emptyBatch = (from: number): PageBatch => ({
  from,
  to: from,
  observations: [],
  rejects: [],
  last: false,
});

/** Pulls records one by one; waits only when the parser has none ready (an await per record would halve the speed). */
function recordReader(parser: Parser): () => Promise<string[] | null> | string[] | null {
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const woken = (): void => wake?.();
  parser.on('readable', woken);
  parser.on('end', () => ((ended = true), woken()));
  parser.on('error', (error: Error) => ((failure = pageError(error)), woken()));
  parser.on('close', () => ((ended = true), woken()));
  const pull = async (): Promise<string[] | null> => {
    for (;;) {
      if (failure) throw failure;
      const record = parser.read() as string[] | null;
      if (record !== null || ended) return record;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return () => (failure ? pull() : ((parser.read() as string[] | null) ?? pull()));
}

/** The parser's own message quotes the cell. */
const pageError = (error: Error): Error =>
  error instanceof CsvError ? new PageError('CSV', `The CSV cannot be read (${error.code})`) : error;

type RowReader = (cells: readonly string[], into: PageBatch) => void;

/** Zoho's page calls the id column `id`; the real header is `Id`. */
const isIdHeader = (name: string): boolean => name === 'Id' || name === 'id';

function rowReader(header: readonly string[], plan: PagePlan): RowReader {
  const at = new Map(header.map((name, index) => [name, index]));
  const idAt = header.findIndex(isIdHeader);
  const modifiedAt = at.get(modifiedTime) ?? -1;
  const columns = typings(plan.mapping).map((typing, index) => {
    const name = plan.mapping.fields[index]!.field.apiName;
    return { typing, index: at.get(name) ?? -1, name };
  });
  const missing = columns.filter(({ index }) => index < 0).map(({ name }) => name);
  if (idAt < 0) missing.push('Id');
  if (modifiedAt < 0) missing.push(modifiedTime);
  if (missing.length > 0) throw new PageError('COLUMNS', `The CSV lacks the columns ${missing.join(', ')}`);

  return (cells, into) => {
    const row = typedRow(cells, { header, idAt, modifiedAt, columns, observedAt: plan.observedAt });
    if ('reason' in row) into.rejects.push(row);
    else into.observations.push(row);
  };
}

interface RowShape {
  header: readonly string[];
  idAt: number;
  modifiedAt: number;
  columns: readonly { typing: Typing; index: number }[];
  observedAt: Instant;
}

function typedRow(cells: readonly string[], shape: RowShape): LiveObservation | RejectedRow {
  const id = cells[shape.idAt];
  const refuse = (reason: string, column?: string): RejectedRow => ({
    ...(isRecordId(id) ? { id } : {}),
    ...(column ? { column } : {}),
    reason,
    raw: JSON.stringify(
      Object.fromEntries(cells.map((cell, index) => [shape.header[index] ?? `cell ${index + 1}`, cell])),
    ),
    observedAt: shape.observedAt,
  });
  if (cells.length !== shape.header.length)
    return refuse(`the row has ${cells.length} cells, the header ${shape.header.length}`);
  if (!isRecordId(id)) return refuse('the record id is not a whole number of up to 19 digits', 'Id');
  try {
    const modifiedAt = parseInstant(cells[shape.modifiedAt] ?? '');
    const values = shape.columns.map(({ typing, index }) => typing.fromCsv(cells[index] ?? ''));
    return { kind: 'live', id, modifiedAt, observedAt: shape.observedAt, values };
  } catch (error) {
    if (error instanceof TypingError) return refuse(error.message, error.column);
    if (error instanceof RangeError) return refuse('not a time with an offset (ISO 8601)', modifiedTime);
    throw error;
  }
}
