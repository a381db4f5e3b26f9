// Every live record in the one form a mirror is compared with; it never cuts or converts by doubles.
import type { Table } from './crm';
import { truthOf } from './render';
import type { Value } from './types';

export interface TruthPage {
  readonly records: readonly Readonly<Record<string, Value>>[];
  /** Only on the first page. */
  readonly deleted: readonly string[];
  readonly total: number;
  readonly next_cursor: string | null;
}

/** `cursor` is the last id of the page before. */
export function truthPage(
  table: Table,
  options: { cursor?: string; limit: number; fields?: readonly string[] },
): TruthPage {
  const { cursor, limit } = options;
  const ids = table.ids();
  const from = cursor === undefined ? 0 : placeAfter(ids, cursor);
  const shown = ids.slice(from, from + limit);
  const names = options.fields ?? table.module.fields.map((field) => field.apiName);
  const fields = names.map((name) => table.module.byName.get(name)).filter((field) => field !== undefined);
  const records = shown.flatMap((id) => {
    const row = table.rows.get(id);
    if (!row) return [];
    const entries = fields.map((field) => [field.apiName, truthOf(field, table.read(row, field))] as const);
    return [{ id, ...Object.fromEntries(entries) }];
  });
  const deleted = cursor === undefined ? [...table.deleted.keys()].sort() : [];
  const last = shown.at(-1);
  const next = from + limit < ids.length && last !== undefined ? last : null;
  return { records, deleted, total: ids.length, next_cursor: next };
}

function placeAfter(ids: readonly string[], cursor: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? '') <= cursor) low = middle + 1;
    else high = middle;
  }
  return low;
}
