// The rows of an exported page as they would be written, and how SQL Server and tedious spell their columns. Times nothing.
import { createReadStream } from 'node:fs';
import { TYPES } from 'tedious';
import type { ModulePlan } from '../../src/activities';
import { instant, type ColumnType, type LiveObservation } from '../../src/mirror';
import { observationsOf, parsePage } from '../../src/pages';

/** Larger than any page: the file is read to its end, whatever Zoho announced. */
const batchRows = 10_000;

export interface Cell {
  name: string;
  type: ColumnType;
}

export const cellsOf = ({ mapping }: ModulePlan): Cell[] =>
  mapping.fields.map(({ column, type }) => ({ name: column, type: sent(type) }));

/** What the product makes of a page's rows. */
export async function observationsIn(
  zipPath: string,
  plan: ModulePlan,
  rows: number,
): Promise<LiveObservation[]> {
  const observations: LiveObservation[] = [];
  const pages = parsePage(createReadStream(zipPath), {
    mapping: plan.mapping,
    observedAt: instant(Date.now()),
    expectedRows: rows,
    skipRows: 0,
    batchRows,
  });
  for await (const batch of pages) observations.push(...observationsOf(batch));
  return observations;
}

/** tedious takes a decimal as a double, which these do not fit: they go as text, as a careful loader would send them. */
const widestDecimal = 28;
const asText: ColumnType = { kind: 'text', length: 60 };
const sent = (type: ColumnType): ColumnType =>
  type.kind === 'decimal' && type.precision > widestDecimal ? asText : type;

type TediousType = (typeof TYPES)['Int'];

export function tediousType(type: ColumnType): { type: TediousType; options: Record<string, number> } {
  switch (type.kind) {
    case 'bigint':
      return { type: TYPES.BigInt, options: {} };
    case 'integer':
      return { type: TYPES.Int, options: {} };
    case 'decimal':
      return {
        type: TYPES.Decimal,
        options: { precision: type.precision, scale: type.scale },
      };
    case 'boolean':
      return { type: TYPES.Bit, options: {} };
    case 'date':
      return { type: TYPES.Date, options: {} };
    case 'datetime':
      return { type: TYPES.DateTime2, options: { scale: 0 } };
    case 'text':
      return { type: TYPES.NVarChar, options: { length: type.length ?? Infinity } };
  }
}

/** As tedious wants it: made beforehand, so that the raw load does nothing but send. */
export function tediousValue(type: ColumnType, value: string | null): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'integer':
    case 'decimal':
      return Number(value);
    case 'boolean':
      return value === '1';
    case 'date':
    case 'datetime':
      return new Date(value);
    default:
      return value;
  }
}
