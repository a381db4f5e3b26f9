// Sorts field types into the few kinds that formats, criteria and the control API care about; it never holds values.
import type { Field, Value } from './types';

export type Kind =
  | 'decimal'
  | 'identity'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'reference'
  | 'tags'
  | 'choices'
  | 'opaque'
  | 'text';

export function kindOf(field: Field): Kind {
  if (field.apiName === 'Tag') return 'tags';
  switch (field.formulaReturn ?? field.dataType) {
    case 'integer':
    case 'double':
    case 'percent':
    case 'currency':
      return 'decimal';
    case 'bigint':
      return 'identity';
    case 'boolean':
      return 'boolean';
    case 'date':
      return 'date';
    case 'datetime':
      return 'datetime';
    case 'lookup':
    case 'ownerlookup':
    case 'userlookup':
      return 'reference';
    case 'multiselectpicklist':
      return 'choices';
    case 'address':
    case 'fileupload':
    case 'multiselectlookup':
    case 'subform':
      return 'opaque';
    default:
      return 'text';
  }
}

/** The text behind a key of an object value, or the empty string. */
export function textAt(value: Value | undefined, key: string): string {
  if (typeof value !== 'object' || value === null || isList(value)) return '';
  const found = value[key];
  return typeof found === 'string' ? found : '';
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
