// Tells whether a value fits its column, before it is sent: what a server would refuse, or worse, quietly round.
// Never puts the value into the reason.
import type { TypedValue } from '../../mirror/column-type';
import type { LiveObservation } from '../../mirror/observation';
import type { Reject } from '../batch';
import type { ActualColumn, Layout } from '../layout';
import { bytesIn } from './code-page';

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
        !(
          column.kind === 'other' ||
          (column.kind === 'text' && column.maxLength === null && column.codePage === undefined)
        ),
    );
  cache.set(layout, found);
  return found;
}

const missing = (column: ActualColumn): string | undefined =>
  column.nullable ? undefined : 'the column does not take NULL';

/** Why the column cannot hold the value. */
export function misfit(column: ActualColumn, value: string): string | undefined {
  switch (column.kind) {
    case 'text':
      return textMisfit(column, value);
    case 'integer':
      return integerMisfit(column, value);
    case 'decimal':
      return decimalMisfit(column, value);
    case 'boolean':
      return value === '0' || value === '1' ? undefined : 'not a boolean';
    case 'date':
      return value.length === 10 && isDay(value) ? undefined : 'not a date';
    case 'datetime':
      return datetimeMisfit(column, value);
    case 'float':
      return /^-?\d+(\.\d+)?$/.test(value) ? undefined : 'not a number';
    case 'other':
      return undefined;
  }
}

/** What the types of SQL Server that are older than datetime2 can hold. */
const spans: Readonly<Record<string, { from: string; to: string }>> = {
  datetime: { from: '1753-01-01', to: '9999-12-31' },
  smalldatetime: { from: '1900-01-01', to: '2079-06-05' },
};

function datetimeMisfit({ declared }: ActualColumn, value: string): string | undefined {
  if (!isDay(value) || !/^(T([01]\d|2[0-3])(:[0-5]\d){2}Z)?$/.test(value.slice(10)))
    return 'not a date and time';
  const span = spans[declared];
  const day = value.slice(0, 10);
  return span !== undefined && (day < span.from || day > span.to)
    ? `out of the range of ${declared}`
    : undefined;
}

/** Begins with a day of the calendar, from the year 1 on. */
function isDay(value: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(value);
  if (match === null || match[1] === '0000') return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0));
}
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function textMisfit({ codePage, maxLength }: ActualColumn, value: string): string | undefined {
  const length = codePage === undefined ? value.length : bytesIn(codePage, value);
  if (length === undefined) return `a character that code page ${codePage} of the column lacks`;
  if (maxLength === null || length <= maxLength) return undefined;
  return length === value.length
    ? `too long: ${length} characters, the column takes ${maxLength}`
    : `too long: ${length} bytes in code page ${codePage}, the column takes ${maxLength}`;
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

/** A typed row that its column or the database refuses. */
export function rejectOf(
  layout: Layout,
  live: LiveObservation,
  refused: { column?: string; reason: string },
): Reject {
  const named = layout.table.columns.map((column, i) => [column.name, live.values[i] ?? null]);
  return {
    id: live.id,
    ...(refused.column === undefined ? {} : { column: refused.column }),
    reason: refused.reason,
    raw: JSON.stringify({ [layout.table.key]: live.id, ...Object.fromEntries(named) }),
    modifiedAt: live.modifiedAt,
    observedAt: live.observedAt,
  };
}
