// Conditions on records, shared by Bulk Read criteria and COQL: the tree and its evaluation; it never parses either language.
import { compareDecimals, plainDecimal } from './decimal';
import { isList, kindOf, textAt } from './kinds';
import type { Field, Row, Value } from './types';
import type { ReadValue } from './values';

export const comparators = [
  'equal',
  'not_equal',
  'in',
  'not_in',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
  'between',
  'not_between',
  'greater_than',
  'greater_equal',
  'less_than',
  'less_equal',
] as const;
export type Comparator = (typeof comparators)[number];

export type Condition =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'test';
      readonly field: Field;
      readonly comparator: Comparator;
      readonly values: readonly string[];
    }
  | { readonly kind: 'group'; readonly operator: 'and' | 'or'; readonly members: readonly Condition[] };

const EMPTY = '${EMPTY}';
const NUMBERS: readonly Comparator[] = [
  'equal',
  'not_equal',
  'in',
  'not_in',
  'less_than',
  'less_equal',
  'greater_than',
  'greater_equal',
];
const TEXTS: readonly Comparator[] = [
  'equal',
  'not_equal',
  'in',
  'not_in',
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
];
const TIMES: readonly Comparator[] = [...NUMBERS, 'between', 'not_between'];
const REFERENCES: readonly Comparator[] = ['equal', 'not_equal', 'in', 'not_in'];

export function supportedComparators(field: Field): readonly Comparator[] {
  switch (kindOf(field)) {
    case 'decimal':
    case 'identity':
      return NUMBERS;
    case 'boolean':
      return ['equal'];
    case 'date':
    case 'datetime':
      return TIMES;
    case 'reference':
      return REFERENCES;
    default:
      return TEXTS;
  }
}

export function countTests(condition: Condition): number {
  if (condition.kind === 'all') return 0;
  if (condition.kind === 'test') return 1;
  return condition.members.reduce((sum, member) => sum + countTests(member), 0);
}

export function matches(condition: Condition, row: Row, read: ReadValue): boolean {
  switch (condition.kind) {
    case 'all':
      return true;
    case 'test':
      return passes(condition.field, comparable(condition.field, read(row, condition.field)), condition);
    case 'group': {
      const test = (member: Condition): boolean => matches(member, row, read);
      return condition.operator === 'and' ? condition.members.every(test) : condition.members.some(test);
    }
  }
}

/** Null and the empty string are the same to criteria. */
function comparable(field: Field, value: Value): string {
  if (value === null) return '';
  if (kindOf(field) === 'reference') return textAt(value, 'id');
  if (isList(value)) return value.map((item) => textAt(item, 'name') || String(item)).join(';');
  return String(value);
}

type Test = Extract<Condition, { kind: 'test' }>;

function passes(field: Field, actual: string, test: Test): boolean {
  const [first = '', second = ''] = test.values;
  const is = (wanted: string): boolean => equal(field, actual, wanted);
  const order = (wanted: string): number => compareValues(field, actual, wanted);
  const has = actual !== '';
  switch (test.comparator) {
    case 'equal':
      return is(first);
    case 'not_equal':
      return !is(first);
    case 'in':
      return test.values.some(is);
    case 'not_in':
      return !test.values.some(is);
    case 'contains':
      return actual.toLowerCase().includes(first.toLowerCase());
    case 'not_contains':
      return !actual.toLowerCase().includes(first.toLowerCase());
    case 'starts_with':
      return actual.toLowerCase().startsWith(first.toLowerCase());
    case 'ends_with':
      return actual.toLowerCase().endsWith(first.toLowerCase());
    case 'between':
      return has && order(first) >= 0 && order(second) <= 0;
    case 'not_between':
      return has && (order(first) < 0 || order(second) > 0);
    case 'greater_than':
      return has && order(first) > 0;
    case 'greater_equal':
      return has && order(first) >= 0;
    case 'less_than':
      return has && order(first) < 0;
    case 'less_equal':
      return has && order(first) <= 0;
  }
}

function equal(field: Field, actual: string, wanted: string): boolean {
  if (wanted === EMPTY) return actual === '';
  if (actual === '') return false;
  return compareValues(field, actual, wanted) === 0;
}

export function compareValues(field: Field, left: string, right: string): number {
  switch (kindOf(field)) {
    case 'decimal':
    case 'identity':
      return compareDecimals(plainDecimal(left) ?? '0', plainDecimal(right) ?? '0');
    case 'datetime':
      return Date.parse(left) - Date.parse(right);
    default: {
      const a = left.toLowerCase();
      const b = right.toLowerCase();
      return a < b ? -1 : a > b ? 1 : 0;
    }
  }
}
