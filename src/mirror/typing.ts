// One record gives the same row whichever way it came: a CSV cell and a JSON value of a field end in the same canonical text.
import type { ColumnType, TypedValue } from './column-type';
import type { Field, JsonValue } from './field';
import { nameInJson } from './lookup-name';
import { isRecordId } from './record-id';

/** A value that its column's type cannot hold. The message never quotes the value. */
export class TypingError extends Error {
  constructor(
    readonly column: string,
    reason: string,
  ) {
    super(reason);
    this.name = 'TypingError';
  }
}

/** Reads the text of one field; `''` is "no value" already sorted out by the caller. Throws a RangeError. */
type TextReader = (text: string) => string;

const integerShape = /^[+-]?\d{1,38}$/;
const decimalShape = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const dateShape = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Exact: digits are moved as text and rounded half away from zero at `scale`, as SQL Server's CONVERT does. */
export function plainDecimal(text: string, scale: number): string {
  const match = decimalShape.exec(text);
  if (!match || (!match[2] && !match[3])) throw new RangeError('not a number');
  const whole = match[2] ?? '';
  const exponent = Number(match[4] ?? 0);
  let digits = whole + (match[3] ?? '');
  let point = whole.length + exponent;
  if (point < 0) {
    digits = '0'.repeat(-point) + digits;
    point = 0;
  }
  digits = digits.padEnd(point + scale + 1, '0');
  let kept = digits.slice(0, point + scale) || '0';
  if (digits.charCodeAt(point + scale) >= 53 /* '5' */)
    kept = (BigInt(kept) + 1n).toString().padStart(kept.length, '0');
  kept = kept.padStart(scale + 1, '0');
  const before = kept.slice(0, kept.length - scale).replace(/^0+(?=\d)/, '');
  const plain = scale > 0 ? `${before}.${kept.slice(kept.length - scale)}` : before;
  return match[1] === '-' && /[1-9]/.test(plain) ? `-${plain}` : plain;
}

function calendarDate(text: string): string {
  const match = dateShape.exec(text);
  if (!match) throw new RangeError('not a date (YYYY-MM-DD)');
  const at = new Date(`${text}T00:00:00Z`);
  // JavaScript rolls 31 February over; a database refuses it.
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text || match[1] === '0000')
    throw new RangeError('not a date of the calendar');
  return text;
}

const utcShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const instantShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

function utcSeconds(text: string): string {
  const ms = instantShape.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw new RangeError('not a time with an offset (ISO 8601)');
  const utc = `${new Date(ms).toISOString().slice(0, 19)}Z`;
  if (!utcShape.test(utc) || utc.startsWith('0000'))
    throw new RangeError('outside the years 1 to 9999 in UTC');
  return utc;
}

function wholeNumber(text: string): string {
  const cut = text.replace(/\.0+$/, '');
  if (!integerShape.test(cut)) throw new RangeError('not a whole number');
  return BigInt(cut).toString();
}

function bool(text: string): string {
  const word = text.toLowerCase();
  if (word === 'true' || word === '1') return '1';
  if (word === 'false' || word === '0') return '0';
  throw new RangeError('not true or false');
}

function readerFor(type: ColumnType): TextReader {
  switch (type.kind) {
    case 'bigint':
      return (text) => (isRecordId(text) ? text : wholeNumber(text));
    case 'integer':
      return wholeNumber;
    case 'decimal':
      return (text) => plainDecimal(text, type.scale);
    case 'boolean':
      return bool;
    case 'date':
      return calendarDate;
    case 'datetime':
      return utcSeconds;
    case 'text':
      return (text) => text;
  }
}

/**
 * Zoho does not document what separates a multi-select's values in the CSV (`;` or `,`), and values may hold commas themselves:
 * the text is cut along the known options; what does not fit them is left as it came.
 */
export function splitOptions(text: string, options: readonly string[]): string[] | undefined {
  const longestFirst = [...options].sort((a, b) => b.length - a.length);
  const cut = (from: number): string[] | undefined => {
    for (const option of longestFirst) {
      if (option === '' || !text.startsWith(option, from)) continue;
      const end = from + option.length;
      if (end === text.length) return [option];
      if (text[end] !== ';' && text[end] !== ',') continue;
      const next = text.slice(end + 1).search(/\S/);
      const rest = next < 0 ? undefined : cut(end + 1 + next);
      if (rest) return [option, ...rest];
    }
    return undefined;
  };
  return cut(0);
}

const separator = ';';

function jsonText(value: Exclude<JsonValue, null>, field: Field): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const parts = value.map((part) =>
      typeof part === 'object' && part !== null && !Array.isArray(part) && typeof part.name === 'string'
        ? part.name
        : part === null
          ? ''
          : jsonText(part, field),
    );
    return parts.join(field.apiName === 'Tag' ? ',' : separator);
  }
  if (typeof value.id === 'string') return value.id;
  return JSON.stringify(value);
}

export interface Typing {
  fromCsv(cell: string): TypedValue;
  fromJson(value: JsonValue | undefined): TypedValue;
}

/** Of the name of what a lookup refers to. */
export const nameTyping: Typing = {
  fromCsv: (name) => (name === '' ? null : name),
  fromJson: (value) => nameInJson(value) || null,
};

/**
 * The two ways into one column.
 * @param codes Zoho's value → the old application's code; a value without a code is refused.
 */
export function typingOf(
  field: Field,
  column: string,
  type: ColumnType,
  codes?: Readonly<Record<string, string>>,
): Typing {
  const read = readerFor(type);
  const multi = field.dataType === 'multiselectpicklist';
  const typed = (text: string): TypedValue => {
    if (text === '') return null;
    try {
      if (!codes) return read(text);
      const code = codes[text] ?? codes[text.toLowerCase()];
      if (code === undefined) throw new RangeError('no code is configured for this value');
      return code;
    } catch (error) {
      throw error instanceof RangeError ? new TypingError(column, error.message) : error;
    }
  };
  const fromCsv = multi
    ? (cell: string) => typed(splitOptions(cell, field.options)?.join(separator) ?? cell)
    : typed;
  return {
    fromCsv,
    fromJson: (value) => (value === null || value === undefined ? null : typed(jsonText(value, field))),
  };
}
