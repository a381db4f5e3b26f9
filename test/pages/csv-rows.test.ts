// The CSV reader against cells that are known, cut into pieces anywhere.
import fc from 'fast-check';
import { PageError } from '../../src/pages';
import { CsvRows } from '../../src/pages/csv-rows';

function read(text: string, cuts: readonly number[] = []): string[][] {
  const rows = new CsvRows();
  const found: string[][] = [];
  const places = [...cuts.map((cut) => cut % (text.length + 1)), 0, text.length].sort((a, b) => a - b);
  places.slice(1).forEach((to, i) => found.push(...rows.push(text.slice(places[i], to))));
  found.push(...rows.end());
  return found;
}

const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ß', '🎉', '日') });
const written = (value: string, always: boolean): string =>
  always || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

test('any cells, quoted or not, with either line end, in any pieces, come back as they were', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(cell, fc.boolean()), { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 6 }),
      (table, lineEnd, ended, cuts) => {
        const lines = table.map((row) => row.map(([value, quoted]) => written(value, quoted)).join(','));
        const text = lines.join(lineEnd) + (ended ? lineEnd : '');
        expect(read(text, cuts)).toEqual(table.map((row) => row.map(([value]) => value)));
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  ['a"b,c\n', 'CSV_STRAY_QUOTE'],
  ['"a"b,c\n', 'CSV_STRAY_TEXT'],
  ['"a,b\n', 'CSV_QUOTE_NOT_CLOSED'],
])('quotes where none may be are an error that quotes nothing: %j', (text, code) => {
  expect(() => read(text)).toThrow(new PageError('CSV', `The CSV cannot be read (${code})`));
});

test('blank lines are no rows, empty cells are', () => {
  expect(read('a,b\r\n\r\n,\n\n"",x')).toEqual([
    ['a', 'b'],
    ['', ''],
    ['', 'x'],
  ]);
});
