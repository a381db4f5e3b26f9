// Writes rows as the JSON of lists, single records and COQL; it never chooses rows.
import type { Context } from './context';
import type { Table } from './crm';
import { jsonOf } from './render';
import type { Field, Row } from './types';

export function rowJson(
  table: Table,
  row: Row,
  options: { fields: readonly Field[]; context: Context; cut: boolean; ownerEmail: boolean },
): string {
  const { fields, context, cut, ownerEmail } = options;
  const shape = { zone: context.zone, cut, ownerEmail };
  const shown = fields
    .filter((field) => field.apiName !== 'id')
    .map((field) => `${JSON.stringify(field.apiName)}:${jsonOf(field, table.read(row, field), shape)}`);
  return `{${[...shown, `"id":"${row.id}"`].join(',')}}`;
}
