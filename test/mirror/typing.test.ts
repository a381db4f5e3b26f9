import { plainDecimal, splitOptions, TypingError, typingOf } from '../../src/mirror/typing';
import type { ColumnType } from '../../src/mirror/column-type';
import type { Field } from '../../src/mirror/field';

const field = (dataType: string, more: Partial<Field> = {}): Field => ({
  apiName: 'F',
  dataType,
  options: [],
  richText: false,
  ...more,
});
const typing = (
  dataType: string,
  type: ColumnType,
  more: Partial<Field> = {},
  codes?: Record<string, string>,
) => typingOf(field(dataType, more), 'F', type, codes);

test.each([
  ['1234567890123456.123456789', 9, '1234567890123456.123456789'],
  ['12.5', 2, '12.50'],
  ['-0.004', 2, '0.00'],
  ['0.005', 2, '0.01'],
  ['-12.995', 2, '-13.00'],
  ['9.99', 1, '10.0'],
  ['1e3', 2, '1000.00'],
  ['1.5E-3', 4, '0.0015'],
  ['.5', 1, '0.5'],
  ['007', 0, '7'],
])('decimal %s with %i places is %s, without passing through a double', (text, scale, plain) => {
  expect(plainDecimal(text, scale)).toBe(plain);
});

test.each(['1,234.50', 'abc', '', '.', '1e', '--1'])('%p is not a decimal', (text) => {
  expect(() => plainDecimal(text, 2)).toThrow(RangeError);
});

test('the CSV cell and the JSON value of a record end in the same text', () => {
  const owner = typing('ownerlookup', { kind: 'bigint' });
  expect(owner.fromCsv('5725767000000411001')).toBe('5725767000000411001');
  expect(owner.fromJson({ id: '5725767000000411001', name: 'Patricia', email: 'p@example.com' })).toBe(
    '5725767000000411001',
  );

  const flag = typing('boolean', { kind: 'boolean' });
  expect(flag.fromCsv('true')).toBe('1');
  expect(flag.fromJson(true)).toBe('1');

  const tags = typing('text', { kind: 'text', length: null }, { apiName: 'Tag' });
  expect(tags.fromCsv('hot,new')).toBe('hot,new');
  expect(
    tags.fromJson([
      { name: 'hot', id: '1' },
      { name: 'new', id: '2' },
    ]),
  ).toBe('hot,new');
});

test.each([
  ['2026-03-08T01:30:00-08:00', '2026-03-08T09:30:00Z'],
  ['2026-03-08T03:30:00-07:00', '2026-03-08T10:30:00Z'],
  ['2026-01-01T00:00:00+05:30', '2025-12-31T18:30:00Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
])('the time %s is stored in UTC as %s', (given, utc) => {
  expect(typing('datetime', { kind: 'datetime' }).fromCsv(given)).toBe(utc);
});

test.each(['2026-03-08T01:30:00', '2026-03-08', 'yesterday', '9999-12-31T23:59:59-08:00'])(
  '%p is not a time that can be stored',
  (text) => {
    expect(() => typing('datetime', { kind: 'datetime' }).fromCsv(text)).toThrow(TypingError);
  },
);

test('a date of no calendar is refused, the borders are kept', () => {
  const date = typing('date', { kind: 'date' });
  expect(() => date.fromCsv('2026-02-31')).toThrow(TypingError);
  expect(date.fromCsv('0001-01-01')).toBe('0001-01-01');
  expect(date.fromCsv('9999-12-31')).toBe('9999-12-31');
});

test('an empty cell, an empty string and null are all "no value"', () => {
  const text = typing('text', { kind: 'text', length: 10 });
  expect([text.fromCsv(''), text.fromJson(''), text.fromJson(null), text.fromJson(undefined)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test.each([
  ['Red;Blue', 'Red;Blue'],
  ['Red,Blue', 'Red;Blue'],
  ['Red, white;Blue', 'Red, white;Blue'],
  ['Red, white,Blue', 'Red, white;Blue'],
  ['Unknown,Blue', 'Unknown,Blue'],
])('the multi-select cell %p is cut along its options', (cell, stored) => {
  const options = ['Red, white', 'Red', 'Blue'];
  const multi = typing('multiselectpicklist', { kind: 'text', length: null }, { options });
  expect(multi.fromCsv(cell)).toBe(stored);
  expect(splitOptions('Red, white', options)).toEqual(['Red, white']);
});

test('a value is translated to its code, and one without a code is refused without being quoted', () => {
  const status = typing('picklist', { kind: 'text', length: 255 }, {}, { Open: 'O', Closed: 'C' });
  expect(status.fromCsv('Open')).toBe('O');
  const refused = (() => {
    try {
      return status.fromCsv('Secret');
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(TypingError);
  expect(String(refused)).not.toContain('Secret');
});
