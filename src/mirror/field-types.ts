// Zoho data type → column type, and which fields Bulk Read cannot export. Source: Zoho's SDK 8 and connectors in production.
import type { ColumnType } from './column-type';
import type { Field } from './field';

const bigint: ColumnType = { kind: 'bigint' };
const freeText: ColumnType = { kind: 'text', length: null };
/** SQL Server's longest `nvarchar(n)`. */
const longestText = 4_000;
/** Labels of pick lists get renamed, so a list's current longest value says little. */
const shortText = 255;

const idTypes = new Set([
  'bigint',
  'long',
  'lookup',
  'ownerlookup',
  'userlookup',
  'consent_lookup',
  'layout',
  'multi_module_lookup',
]);
const textTypes = new Set([
  'text',
  'email',
  'phone',
  'website',
  'autonumber',
  'picklist',
  'profileimage',
  'mediumtext',
]);
const numberTypes = new Set(['double', 'percent', 'currency']);

/** Seen to fail a whole Bulk Read job, or only ever returned by single-record reads. */
const unexportableTypes = new Set([
  'fileupload',
  'imageupload',
  'multiselectlookup',
  'multiuserlookup',
  'subform',
  'linetax',
  'RRULE',
  'ALARM',
  'multireminder',
  'time_range',
]);
const unexportableNames = /^((Mailing|Other|Billing|Shipping)_)?(Address|Coordinates|nearby_distance__s)$/;

/** Why Bulk Read cannot export a field, or undefined if it can. */
export function whyNotExportable(field: Field): string | undefined {
  if (unexportableTypes.has(field.dataType)) return `Bulk Read exports no ${field.dataType}`;
  if (unexportableNames.test(field.apiName)) return 'Bulk Read exports no compound fields';
  return undefined;
}

export function columnType(field: Field): ColumnType {
  const { dataType } = field;
  // Zoho lists `Tag` as text, but it is an array of names.
  if (field.apiName === 'Tag' || dataType === 'multiselectpicklist') return freeText;
  if (dataType === 'formula' || dataType === 'rollup_summary') return derivedType(field);
  if (idTypes.has(dataType)) return bigint;
  if (textTypes.has(dataType))
    return text(Math.max(field.length ?? shortText, dataType === 'picklist' ? shortText : 1));
  if (dataType === 'textarea') return field.richText ? freeText : text(field.length ?? Infinity);
  if (dataType === 'integer') return { kind: 'integer' };
  if (numberTypes.has(dataType)) return decimal(field);
  if (dataType === 'boolean') return { kind: 'boolean' };
  if (dataType === 'date') return { kind: 'date' };
  if (dataType === 'datetime' || dataType === 'event_reminder') return { kind: 'datetime' };
  return freeText;
}

const text = (length: number): ColumnType => ({ kind: 'text', length: length > longestText ? null : length });

/** Zoho's `length` counts the digits before the point, so the column gets its decimal places on top. */
function decimal(field: Field): ColumnType {
  const scale = field.decimalPlaces ?? 4;
  return { kind: 'decimal', precision: Math.min(38, (field.length ?? 19) + scale), scale };
}

/** Formula and roll-up numbers have no length of their own. */
function derivedType(field: Field): ColumnType {
  switch (field.returnType?.toLowerCase()) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'date':
      return { kind: 'date' };
    case 'datetime':
      return { kind: 'datetime' };
    case 'string':
    case 'text':
      return freeText;
    case 'integer':
    case 'bigint':
      return { kind: 'decimal', precision: 38, scale: field.decimalPlaces ?? 0 };
    default:
      return { kind: 'decimal', precision: 38, scale: field.decimalPlaces ?? 4 };
  }
}
