// Reads the criteria of a Bulk Read request and refuses what Zoho refuses; it never looks at records.
import { countTests, supportedComparators, type Condition } from './conditions';
import { isComparator } from './coql';
import { plainDecimal } from './decimal';
import { ZohoError } from './errors';
import { kindOf } from './kinds';
import type { Field, Module, Value } from './types';

const MOST_TESTS = 25;
const MOST_VALUES = 100;
// Without milliseconds: Zoho refuses them.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})$/;

export function parseCriteria(module: Module, given: Value | undefined): Condition {
  if (given === undefined || given === null) return { kind: 'all' };
  const condition = parse(module, given);
  if (countTests(condition) > MOST_TESTS) throw refusal('CRITERIA_LIMIT_EXCEEDED', { limit: MOST_TESTS });
  return condition;
}

function parse(module: Module, given: Value): Condition {
  const object = objectOf(given);
  if (!object) throw refusal('INVALID_CRITERIA');
  if ('group' in object || 'group_operator' in object) return parseGroup(module, object);
  return parseTest(module, object);
}

function parseGroup(module: Module, object: Readonly<Record<string, Value>>): Condition {
  if ('field' in object) throw refusal('AMBIGUOUS_CRITERIA');
  const operator = String(object.group_operator).toLowerCase();
  if (operator !== 'and' && operator !== 'or') throw refusal('GROUP_OPERATOR_NOT_SUPPORTED');
  const members = listOf(object.group);
  if (!members || members.length === 0) throw refusal('INVALID_CRITERIA');
  return { kind: 'group', operator, members: members.map((member) => parse(module, member)) };
}

function parseTest(module: Module, object: Readonly<Record<string, Value>>): Condition {
  const name = objectOf(object.field)?.api_name;
  if (typeof name !== 'string') throw refusal('INVALID_CRITERIA');
  const field = module.byName.get(name);
  if (!field) throw refusal('FIELD_IN_CRITERIA_NOT_AVAILABLE', { api_name: name, module: module.apiName });
  if (!field.exportable) throw refusal('FIELD_IN_CRITERIA_NOT_SUPPORTED', { api_name: name });
  const comparator = String(object.comparator);
  if (!isComparator(comparator))
    throw refusal('FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED', { api_name: name });
  const supported = supportedComparators(field);
  if (!supported.includes(comparator))
    throw refusal('FIELD_AND_COMPARATOR_IN_CRITERIA_NOT_COMPATIBLE', {
      comparator,
      api_name: name,
      supported,
    });
  const values = valuesOf(comparator, object.value);
  for (const value of values) checkValue(field, value);
  return { kind: 'test', field, comparator, values };
}

function valuesOf(comparator: string, given: Value | undefined): string[] {
  const list = listOf(given);
  const wantsList =
    comparator === 'between' ||
    comparator === 'not_between' ||
    comparator === 'in' ||
    comparator === 'not_in';
  const texts = (list ?? [given ?? null]).map((value) => (value === null ? '${EMPTY}' : String(value)));
  if (wantsList !== (list !== null))
    throw refusal('COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE', { comparator });
  if (comparator.endsWith('between') && texts.length !== 2)
    throw refusal('COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE', { comparator });
  if (texts.length > MOST_VALUES) throw refusal('VALUE_LIMIT_EXCEEDED_IN_CRITERIA', { limit: MOST_VALUES });
  return texts;
}

function checkValue(field: Field, value: string): void {
  if (value === '${EMPTY}') return;
  const kind = kindOf(field);
  const fits =
    kind === 'datetime'
      ? INSTANT.test(value) && !Number.isNaN(Date.parse(value))
      : kind === 'date'
        ? /^\d{4}-\d{2}-\d{2}$/.test(value)
        : kind === 'decimal'
          ? plainDecimal(value) !== null
          : kind === 'identity' || kind === 'reference'
            ? /^\d+$/.test(value)
            : true;
  if (!fits) throw refusal('FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE', { api_name: field.apiName });
}

export function objectOf(value: Value | undefined): Readonly<Record<string, Value>> | null {
  return typeof value === 'object' && value !== null && !isReadonlyList(value) ? value : null;
}

export function listOf(value: Value | undefined): readonly Value[] | null {
  return value !== undefined && isReadonlyList(value) ? value : null;
}

function isReadonlyList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function refusal(code: string, details: Readonly<Record<string, unknown>> = {}): ZohoError {
  const message = code.toLowerCase().replaceAll('_', ' ');
  return new ZohoError({ status: 400, code, message, details, wrapped: true });
}
