// Turns what the control API is given into stored values, or says why it cannot; it never touches a record.
import { plainDecimal } from './decimal';
import { users } from './generator';
import { isList, kindOf, textAt } from './kinds';
import { tagId } from './phrases';
import type { Field, Module, Value } from './types';
import { utcText } from './zone';

const DERIVED = new Set([
  'id',
  'Created_Time',
  'Modified_Time',
  'Created_By',
  'Modified_By',
  'Converted__s',
  'Converted_Date_Time',
  'Full_Name',
]);

export function coerceValues(module: Module, given: Readonly<Record<string, Value>>): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const [name, value] of Object.entries(given)) {
    const field = module.byName.get(name);
    if (!field) throw new Error(`${module.apiName} has no field ${name}`);
    if (DERIVED.has(name)) throw new Error(`${name} is set by the CRM itself`);
    values[name] = coerce(field, value);
  }
  return values;
}

function coerce(field: Field, value: Value): Value {
  if (value === null || value === '') return null;
  switch (kindOf(field)) {
    case 'decimal':
      return required(field, typeof value === 'string' ? plainDecimal(value) : null);
    case 'identity':
      return required(field, typeof value === 'string' && /^-?\d+$/.test(value) ? value : null);
    case 'boolean':
      return value === true || value === 'true';
    case 'date':
      return required(field, /^\d{4}-\d{2}-\d{2}$/.test(String(value)) ? String(value) : null);
    case 'datetime':
      return required(
        field,
        Number.isNaN(Date.parse(String(value))) ? null : utcText(Date.parse(String(value))),
      );
    case 'reference':
      return asReference(value);
    case 'tags':
      return asList(value).map((tag) => ({ name: nameOf(tag), id: `5725767000000${tagId(nameOf(tag))}` }));
    case 'choices':
      return asList(value);
    case 'opaque':
      return value;
    case 'text':
      return String(value);
  }
}

function required(field: Field, value: string | null): string {
  if (value === null) throw new Error(`${field.apiName} does not take this value; it is a ${field.dataType}`);
  return value;
}

function asReference(value: Value): Value {
  const id = typeof value === 'string' ? value : textAt(value, 'id');
  const user = users.find((known) => known.id === id);
  return user ? { ...user } : { id, name: textAt(value, 'name') || `Record ${id}` };
}

function asList(value: Value): readonly Value[] {
  return isList(value) ? value : [value];
}

function nameOf(tag: Value): string {
  return typeof tag === 'string' ? tag : textAt(tag, 'name');
}
