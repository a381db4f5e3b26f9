// Writes rows as the CSV of a Bulk Read job, a chunk at a time; it never holds the whole file.
import type { Column } from './bulk-request';
import { textAt } from './kinds';
import { csvTextOf } from './render';
import type { Row } from './types';
import type { ReadValue } from './values';
import type { Zone } from './zone';

const ROWS_PER_CHUNK = 500;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

export interface CsvSource {
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly read: ReadValue;
  readonly zone: Zone;
  readonly separator: string;
}

export function* csvChunks(source: CsvSource): Generator<string> {
  const columns = source.columns.filter((column) => column.header !== 'id');
  const headers = ['Id', ...columns.map((column) => column.header)];
  yield `${headers.map(quoted).join(',')}\n`;
  for (let from = 0; from < source.rows.length; from += ROWS_PER_CHUNK) {
    let chunk = '';
    for (const row of source.rows.slice(from, from + ROWS_PER_CHUNK)) {
      chunk += row.id;
      for (const column of columns) chunk += `,${quoted(cell(source, column, row))}`;
      chunk += '\n';
    }
    yield chunk;
  }
}

function cell(source: CsvSource, column: Column, row: Row): string {
  const value = source.read(row, column.field);
  if (column.part === null) return csvTextOf(column.field, value, source);
  const part = column.part.toLowerCase();
  const name = textAt(value, 'name');
  if (part === 'id' || part === 'email') return textAt(value, part);
  if (part === 'first_name') return name.split(' ')[0] ?? '';
  return part === 'last_name' ? (name.split(' ').at(-1) ?? '') : name;
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
