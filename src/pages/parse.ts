// Zip → CSV → typed rows, in batches, in order. Holds one batch at a time and never gives out a last batch before the page is proved whole.
import type { Readable } from 'node:stream';
import { parseInstant, type Instant } from '../mirror/instant';
import { joinedName } from '../mirror/lookup-name';
import { modifiedTime, typings } from '../mirror/mapping';
import type { LiveObservation } from '../mirror/observation';
import { isRecordId } from '../mirror/record-id';
import { TypingError, type Typing } from '../mirror/typing';
import { CsvRows } from './csv-rows';
import { Preparer, type Reject } from '../db';
import { PageError, type PageBatch, type PagePlan } from './page';
import { csvOf } from './unzip';

/** What is in `memory` by the time a batch begins is written over. */
export async function* parsePage(
  zip: Readable,
  plan: PagePlan,
  { csvBytes, memory = [] }: { csvBytes?: number; memory?: ArrayBuffer[] } = {},
): AsyncGenerator<PageBatch> {
  const csv = csvOf(zip, csvBytes);
  try {
    yield* batches(csv, plan, memory);
  } finally {
    csv.destroy();
  }
}

/** A row at a time would mean a promise a row: the rows of a piece come together. */
async function* rowsOf(csv: Readable): AsyncGenerator<Iterable<string[]>> {
  const decoder = new TextDecoder();
  const rows = new CsvRows();
  for await (const bytes of csv as AsyncIterable<Buffer>)
    yield rows.push(decoder.decode(bytes, { stream: true }));
  yield rows.push(decoder.decode());
  yield rows.end();
}

/** Bounds a batch of long texts: what is in flight must fit the thread's heap several times. */
const batchChars = 4 * 1024 * 1024;

async function* batches(csv: Readable, plan: PagePlan, memory: ArrayBuffer[]): AsyncGenerator<PageBatch> {
  let read: RowReader | undefined;
  let rows = 0;
  let batch = new Gathered(plan.skipRows, plan, memory.pop());
  let chars = 0;
  for await (const some of rowsOf(csv))
    for (const record of some) {
      if (!read) {
        read = rowReader(record, plan);
        continue;
      }
      // At once: an endless file must not fill the table before its end is found to be wrong.
      if (rows === plan.expectedRows)
        throw new PageError('ROW_COUNT', `The page has more rows than the ${rows} that Zoho announced`);
      // A full batch goes out only when another row follows: the last one waits for the end of the archive.
      if (batch.to - batch.from === plan.batchRows || chars >= batchChars) {
        yield batch.given(false);
        batch = new Gathered(rows, plan, memory.pop());
        chars = 0;
      }
      rows += 1;
      if (rows <= plan.skipRows) continue;
      for (const cell of record) chars += cell.length;
      batch.to = rows;
      batch.add(read(record));
    }
  if (rows !== plan.expectedRows)
    throw new PageError('ROW_COUNT', `The page has ${rows} rows where Zoho announced ${plan.expectedRows}`);
  yield batch.given(true);
}

/** A batch as it grows. */
class Gathered {
  to: number;
  private readonly observations: LiveObservation[] = [];
  private readonly rejects: Reject[] = [];
  private readonly preparer: Preparer | undefined;

  constructor(
    readonly from: number,
    { preparation }: PagePlan,
    memory: ArrayBuffer | undefined,
  ) {
    this.to = from;
    this.preparer = preparation && new Preparer(preparation, memory);
  }

  add(row: LiveObservation | Reject): void {
    if ('reason' in row) this.rejects.push(row);
    else if (this.preparer) this.preparer.add(row);
    else this.observations.push(row);
  }

  given(last: boolean): PageBatch {
    const { from, to, observations, rejects, preparer } = this;
    const rows = preparer ? { prepared: preparer.finish() } : { observations };
    return { from, to, rows, rejects, last };
  }
}

type RowReader = (cells: readonly string[]) => LiveObservation | Reject;

/** Zoho's page calls the id column `id`; the real header is `Id`. */
const isIdHeader = (name: string): boolean => name === 'Id' || name === 'id';

function rowReader(header: readonly string[], plan: PagePlan): RowReader {
  const at = new Map(header.map((name, index) => [name, index]));
  const idAt = header.findIndex(isIdHeader);
  const modifiedAt = at.get(modifiedTime) ?? -1;
  const columns = typings(plan.mapping).map((typing, index) => {
    const { field, nameFrom } = plan.mapping.fields[index]!;
    const names = nameFrom ?? [field.apiName];
    return { typing, places: names.map((name) => at.get(name) ?? -1), names };
  });
  const missing = columns.flatMap(({ names }) => names.filter((name) => !at.has(name)));
  if (idAt < 0) missing.push('Id');
  if (modifiedAt < 0) missing.push(modifiedTime);
  if (missing.length > 0) throw new PageError('COLUMNS', `The CSV lacks the columns ${missing.join(', ')}`);

  const shape = { header, idAt, modifiedAt, columns, observedAt: plan.observedAt };
  return (cells) => typedRow(cells, shape);
}

interface RowShape {
  header: readonly string[];
  idAt: number;
  modifiedAt: number;
  columns: readonly { typing: Typing; places: readonly number[] }[];
  observedAt: Instant;
}

function typedRow(cells: readonly string[], shape: RowShape): LiveObservation | Reject {
  const id = cells[shape.idAt];
  // A row of another length is shifted somewhere: none of its cells is known to be what its place says.
  const modifiedAt =
    cells.length === shape.header.length ? readable(cells[shape.modifiedAt] ?? '') : undefined;
  const refuse = (reason: string, column?: string): Reject => ({
    ...(isRecordId(id) ? { id } : {}),
    ...(column ? { column } : {}),
    reason,
    raw: JSON.stringify(
      Object.fromEntries(cells.map((cell, index) => [shape.header[index] ?? `cell ${index + 1}`, cell])),
    ),
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
    observedAt: shape.observedAt,
  });
  if (cells.length !== shape.header.length)
    return refuse(`the row has ${cells.length} cells, the header ${shape.header.length}`);
  if (!isRecordId(id)) return refuse('the record id is not a whole number of up to 19 digits', 'Id');
  if (modifiedAt === undefined) return refuse('not a time with an offset (ISO 8601)', modifiedTime);
  try {
    const values = shape.columns.map(({ typing, places }) => typing.fromCsv(cellOf(cells, places)));
    return { kind: 'live', id, modifiedAt, observedAt: shape.observedAt, values };
  } catch (error) {
    if (error instanceof TypingError) return refuse(error.message, error.column);
    throw error;
  }
}

/** Only the name of a user comes in several. */
function cellOf(cells: readonly string[], places: readonly number[]): string {
  return places.length === 1
    ? (cells[places[0]!] ?? '')
    : joinedName(places.map((place) => cells[place] ?? ''));
}

function readable(time: string): Instant | undefined {
  try {
    return parseInstant(time);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
