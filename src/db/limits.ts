// Tells whether a value fits its column, before it is sent: what a server would refuse, or worse, quietly round.
// Never puts the value into the reason.
import type { TypedValue } from '../mirror/column-type';
import type { ActualColumn, Layout } from './layout';

export interface Refusal {
  column: string;
  reason: string;
}

/** The first value of the row that its column cannot hold. */
export function refusal(layout: Layout, values: readonly TypedValue[]): Refusal | undefined {
  for (const { column, i } of limited(layout)) {
    const value = values[i];
    if (value === undefined) continue;
    const reason = value === null ? missing(column) : misfit(column, value);
    if (reason !== undefined) return { column: column.name, reason };
  }
  return undefined;
}

const cache = new WeakMap<Layout, { column: ActualColumn; i: number }[]>();

/** Columns that can refuse anything; most text columns of SQLite cannot, and this runs for every value. */
function limited(layout: Layout): { column: ActualColumn; i: number }[] {
  const known = cache.get(layout);
  if (known !== undefined) return known;
  const found = layout.columns
    .map((column, i) => ({ column, i }))
    .filter(
      ({ column }) =>
        !column.nullable ||
        !(column.kind === 'other' || (column.kind === 'text' && column.maxLength === null)),
    );
  cache.set(layout, found);
  return found;
}

const missing = (column: ActualColumn): string | undefined =>
  column.nullable ? undefined : 'the column does not take NULL';

function misfit(column: ActualColumn, value: string): string | undefined {
  switch (column.kind) {
    case 'text':
      return column.maxLength !== null && value.length > column.maxLength
        ? `too long: ${value.length} characters, the column takes ${column.maxLength}`
        : undefined;
    case 'integer':
      return integerMisfit(column, value);
    case 'decimal':
      return decimalMisfit(column, value);
    case 'boolean':
      return value === '0' || value === '1' ? undefined : 'not a boolean';
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(value) ? undefined : 'not a date';
    case 'datetime':
      return /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/.test(value) ? undefined : 'not a date and time';
    case 'float':
      return /^-?\d+(\.\d+)?$/.test(value) ? undefined : 'not a number';
    case 'other':
      return undefined;
  }
}

function integerMisfit(column: ActualColumn, value: string): string | undefined {
  if (!/^-?\d+$/.test(value)) return 'not a whole number';
  if (column.range === undefined || value.length < 3) return undefined;
  const whole = BigInt(value);
  return whole < column.range.min || whole > column.range.max
    ? `out of the range of ${column.declared}`
    : undefined;
}

function decimalMisfit(column: ActualColumn, value: string): string | undefined {
  const parts = /^-?0*(\d*)(?:\.(\d*?)0*)?$/.exec(value);
  if (parts === null || !/\d/.test(value)) return 'not a number';
  const { precision, scale } = column;
  if (precision === undefined || scale === undefined) return undefined;
  if ((parts[2] ?? '').length > scale) return `more than the ${scale} decimal places of ${column.declared}`;
  return (parts[1] ?? '').length > precision - scale ? `out of the range of ${column.declared}` : undefined;
}
