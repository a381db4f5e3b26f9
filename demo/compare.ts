// Both sides, record by record and field by field, in id order. It shares no typing with the product: what the database holds is
// read back as text and compared with what the CRM says.
import type { StoredRow } from '../src/db';
import type { MappedField } from '../src/mirror';
import type { TruthRecord } from './crm';

export interface Difference {
  id: string;
  what: string;
}

export interface Comparison {
  compared: number;
  /** All of them. */
  count: number;
  /** The first of them. */
  differences: Difference[];
}

/** Enough to see what is wrong. */
const shown = 50;

/** Rows that are marked deleted count as absent. */
export async function compare(
  crm: AsyncIterable<TruthRecord>,
  rows: AsyncIterable<StoredRow>,
  fields: readonly MappedField[],
): Promise<Comparison> {
  const left = crm[Symbol.asyncIterator]();
  const right = live(rows)[Symbol.asyncIterator]();
  const result: Comparison = { compared: 0, count: 0, differences: [] };
  const differ = (id: string, what: string): void => {
    result.count += 1;
    if (result.differences.length < shown) result.differences.push({ id, what });
  };
  let record = await left.next();
  let row = await right.next();
  while (!record.done || !row.done) {
    const recordId = record.done ? undefined : BigInt(String(record.value.id));
    const rowId = row.done ? undefined : BigInt(row.value.id);
    result.compared += 1;
    if (rowId === undefined || (recordId !== undefined && recordId < rowId)) {
      differ(String(recordId), 'is in the CRM, not in the database');
      record = await left.next();
    } else if (recordId === undefined || rowId < recordId) {
      differ(String(rowId), 'is in the database, not in the CRM');
      row = await right.next();
    } else {
      for (const name of differingFields(record.value as TruthRecord, row.value as StoredRow, fields))
        differ(String(rowId), `${name} differs`);
      record = await left.next();
      row = await right.next();
    }
  }
  return result;
}

async function* live(rows: AsyncIterable<StoredRow>): AsyncGenerator<StoredRow> {
  for await (const row of rows) if (row.deletedAt === undefined) yield row;
}

const differingFields = (record: TruthRecord, row: StoredRow, fields: readonly MappedField[]): string[] =>
  fields
    .filter(
      ({ field, type, nameFrom }, index) =>
        // The truth knows a lookup by its id.
        nameFrom === undefined &&
        expected(record[field.apiName], type.kind, field.apiName === 'Tag' ? ',' : ';') !==
          stored(row.values[index] ?? null, type.kind),
    )
    .map(({ field }) => field.apiName);

/** The CRM's truth as text: an array joined, a lookup as its id, a number without needless zeros. */
function expected(value: unknown, kind: string, separator: string): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(asText).join(separator);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return kind === 'decimal' ? shortest(asText(value)) : asText(value);
}

/** Whatever has no plain text is shown as JSON, which equals nothing in the database. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const stored = (value: string | null, kind: string): string | null =>
  value !== null && kind === 'decimal' ? shortest(value) : value;

const shortest = (number: string): string =>
  number.includes('.') ? number.replace(/\.?0+$/, '').replace(/^-0$/, '0') : number;
