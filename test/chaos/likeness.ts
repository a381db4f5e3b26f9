// Whether a row of the mirror shows a record of the CRM, told without the product's own typing; and which values a table refuses.
import type { Value } from '../../simulator';
import { formulas, type TruthRecord } from './chronicle';
import type { MirrorRow } from './mirror-file';

export interface Rules {
  /** Field → Zoho's value → code. A value without a code is refused. */
  codes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Column → most characters. */
  widths: Readonly<Record<string, number>>;
  /** Column → a value that a constraint refuses. */
  forbidden: Readonly<Record<string, string>>;
}

/** Names of the columns that cannot take the record. */
export function refusals(record: TruthRecord, { codes, widths, forbidden }: Rules): string[] {
  const value = (name: string): string => textOf(name, record[name] ?? null) ?? '';
  return [
    ...Object.keys(codes).filter((name) => value(name) !== '' && !(value(name) in codes[name]!)),
    ...Object.keys(widths).filter((name) => value(name).length > widths[name]!),
    ...Object.keys(forbidden).filter((name) => value(name) === forbidden[name]),
  ];
}

/** Columns that show something else than the record. */
export function differing(
  record: TruthRecord,
  row: MirrorRow,
  { rules, formulasToo }: { rules: Rules; formulasToo: boolean },
): string[] {
  return [...row.cells.keys()].filter((name) => {
    if (!(name in record) || (!formulasToo && formulas.has(name))) return false;
    const text = textOf(name, record[name] ?? null);
    const expected = text === null ? null : (rules.codes[name]?.[text] ?? text);
    return shortest(expected) !== shortest(row.cells.get(name) ?? null);
  });
}

function textOf(name: string, value: Value): string | null {
  if (value === null || value === '') return null;
  if (Array.isArray(value))
    return value.length === 0 ? null : value.map(String).join(name === 'Tag' ? ',' : ';');
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Decimals may be padded on one side. */
const shortest = (text: string | null): string | null =>
  text !== null && /^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '').replace(/^-0$/, '0') : text;
