// Tells what a field of a row holds now: what was edited, else what the generator made up; it never formats.
import type { Generator } from './generator';
import type { Field, Module, Row, Value } from './types';
import { utcText } from './zone';

export type ReadValue = (row: Row, field: Field) => Value;

export function valueReader(generator: Generator, module: Module): ReadValue {
  const stored = (row: Row, field: Field): Value => {
    const changed = row.changes[field.apiName];
    return changed === undefined ? generator.value(module, field, row.index) : changed;
  };
  const named = (row: Row, name: string): Value => {
    const field = module.byName.get(name);
    return field ? stored(row, field) : null;
  };
  return (row, field) => {
    switch (field.apiName) {
      case 'id':
        return row.id;
      case 'Created_Time':
        return utcText(row.createdMs);
      case 'Modified_Time':
        return utcText(row.modifiedMs);
      case 'Created_By':
        return { ...row.createdBy };
      case 'Modified_By':
        return { ...row.modifiedBy };
      case 'Converted__s':
        return row.convertedMs !== null;
      case 'Converted_Date_Time':
        return row.convertedMs === null ? null : utcText(row.convertedMs);
      case 'Full_Name':
        return fullName(named(row, 'First_Name'), named(row, 'Last_Name'));
      default:
        return stored(row, field);
    }
  };
}

function fullName(first: Value, last: Value): string {
  return [first, last].filter((part) => typeof part === 'string' && part !== '').join(' ');
}
