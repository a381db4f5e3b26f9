// Writes values in the three shapes the world sees: JSON of the API, cells of the CSV, and the canonical truth; it never parses.
import { padded } from './decimal';
import { isList, kindOf, textAt } from './kinds';
import type { Field, Value } from './types';
import type { Zone } from './zone';

export const RICH_TEXT_CUT = 500;

/** JSON by hand, because a number must keep digits that a double would lose. */
export function jsonOf(
  field: Field,
  value: Value,
  options: { zone: Zone; cut: boolean; ownerEmail: boolean },
): string {
  if (value === null) return 'null';
  switch (kindOf(field)) {
    case 'decimal':
      return typeof value === 'string' ? value : 'null';
    case 'datetime':
      return JSON.stringify(options.zone.text(Date.parse(String(value))));
    case 'reference':
      return JSON.stringify(reference(value, options.ownerEmail));
    case 'text':
      return JSON.stringify(options.cut && field.rich ? String(value).slice(0, RICH_TEXT_CUT) : value);
    default:
      return JSON.stringify(value);
  }
}

function reference(value: Value, withEmail: boolean): Value {
  const email = textAt(value, 'email');
  const short = { name: textAt(value, 'name'), id: textAt(value, 'id') };
  return email !== '' && withEmail ? { ...short, email } : short;
}

export function csvTextOf(field: Field, value: Value, options: { zone: Zone; separator: string }): string {
  if (value === null) return '';
  switch (kindOf(field)) {
    case 'datetime':
      return options.zone.text(Date.parse(String(value)));
    case 'reference':
      return textAt(value, 'id');
    case 'tags':
      return isList(value) ? value.map((tag) => textAt(tag, 'name')).join(',') : '';
    case 'choices':
      return isList(value) ? value.join(options.separator) : '';
    case 'opaque':
      return '';
    default:
      return String(value);
  }
}

/** One form a value has whichever way it was read: what a mirror is compared with. */
export function truthOf(field: Field, value: Value): Value {
  if (value === null || value === '') return null;
  switch (kindOf(field)) {
    case 'decimal':
      return padded(String(value), field.decimalPlace ?? 0);
    case 'reference':
      return textAt(value, 'id');
    case 'tags':
      return isList(value) ? emptyToNull(value.map((tag) => textAt(tag, 'name'))) : null;
    case 'choices':
      return isList(value) ? emptyToNull(value) : null;
    default:
      return value;
  }
}

function emptyToNull(list: readonly Value[]): Value {
  return list.length === 0 ? null : list;
}
