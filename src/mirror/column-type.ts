// What a target column holds, without saying how a database spells it.

export type ColumnType =
  | { kind: 'bigint' }
  | { kind: 'integer' }
  /** Exact, in plain notation with `scale` decimal places. */
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'boolean' }
  | { kind: 'date' }
  /** UTC, whole seconds. */
  | { kind: 'datetime' }
  /** `length` in UTF-16 units; null when unknown or over 4,000. */
  | { kind: 'text'; length: number | null };

/**
 * A value on its way into a column, always in one canonical text:
 * ids, integers and decimals in plain notation (decimals with exactly `scale` places), booleans `1` / `0`,
 * dates `YYYY-MM-DD`, datetimes `YYYY-MM-DDTHH:MM:SSZ`, text as it is. Null is "no value".
 */
export type TypedValue = string | null;
