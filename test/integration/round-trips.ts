// What each of Zoho's types becomes: from its metadata a column, and each value the same whether a CSV or JSON brings it, into the table
// and back unchanged. The same table of types for every database.
import { planMapping, typings, type Field, type TypedValue } from '../../src/mirror';
import type { JsonValue } from '../../src/mirror/field';
import { parseJson } from '../../src/zoho/wire/json';
import { aTable, live, merge, mergeExport, type Opened } from './database-kit';

/** A value as a cell of a CSV, as the source text of JSON, and as it is read back. */
type Value = readonly [csv: string, json: string, stored: TypedValue];
type Column = readonly [mssql: string, sqlite: 'TEXT' | 'INTEGER'];
type Row = readonly [dataType: string, about: Partial<Field>, column: Column, values: readonly Value[]];

/** Texts and numbers that look the same everywhere. */
const texts = (...all: string[]): Value[] => all.map((text) => [text, JSON.stringify(text), text]);
const numbers = (...all: string[]): Value[] => all.map((number) => [number, number, number]);
const time = (written: string, utc: string): Value => [written, JSON.stringify(written), utc];

const none: Value = ['', 'null', null];
/** Zoho knows no difference between an empty text and none. */
const empty: Value[] = [none, ['', '""', null]];
const x = (length: number): string => 'x'.repeat(length);
const family = '👩‍👩‍👧‍👦';
const bits: Value[] = [['true', 'true', '1'], ['false', 'false', '0'], none];

const text = (column: string): Column => [column, 'TEXT'];
const whole = (column: string): Column => [column, 'INTEGER'];

// prettier-ignore
const types: readonly Row[] = [
  // Zoho's type           what its metadata adds                     SQL Server, SQLite       CSV, JSON, stored
  ['text',                 { length: 80 },                            text('nvarchar(80)'),    [...empty, ...texts('Zoë', '東京, Łódź', '😀'.repeat(40), family)]],
  ['text',                 { length: 80 },                            text('nvarchar(80)'),    texts(' blanks ', ' ', 'a\r\nb', `O'Neil "x"; --`, '0042', 'null', 'NULL')],
  ['email',                { length: 100 },                           text('nvarchar(100)'),   [none, ...texts('o.neil+crm@münchen.example')]],
  ['phone',                { length: 30 },                            text('nvarchar(30)'),    [none, ...texts('+49 (0)89 1234-5', '00498912345')]],
  ['website',              { length: 450 },                           text('nvarchar(450)'),   [none, ...texts('https://example.com/?a=1&b=%C3%A9#x')]],
  ['autonumber',           { length: 255 },                           text('nvarchar(255)'),   [none, ...texts('LEAD-000042', '000042')]],
  ['profileimage',         { length: 255 },                           text('nvarchar(255)'),   [none, ...texts('a1b2')]],
  ['mediumtext',           { length: 4000 },                          text('nvarchar(4000)'),  [none, ...texts(x(4000))]],
  ['picklist',             { length: 120, options: ['-None-'] },      text('nvarchar(255)'),   [none, ...texts('-None-', 'No option any more', x(255))]],
  ['textarea',             { length: 2000 },                          text('nvarchar(2000)'),  [...empty, ...texts('one\ntwo\n', x(2000))]],
  ['textarea',             { length: 4000 },                          text('nvarchar(4000)'),  [none, ...texts(x(4000), '😀'.repeat(2000))]],
  ['textarea',             { length: 32000 },                         text('nvarchar(max)'),   [...empty, ...texts(x(4000), x(4001), 'ß'.repeat(32000), family)]],
  ['textarea',             { length: 4000, richText: true },          text('nvarchar(max)'),   [none, ...texts(`<b>Zoë</b>&amp;${'<p>x</p>'.repeat(600)}`)]],

  ['multiselectpicklist',  { options: ['Red', 'Red, white', 'Blue'] }, text('nvarchar(max)'),  [
    none, ['', '[]', null],
    ['Red', '["Red"]', 'Red'],
    ['Red;Blue', '["Red","Blue"]', 'Red;Blue'],
    ['Red,Blue', '["Red","Blue"]', 'Red;Blue'],
    ['Red, white,Blue', '["Red, white","Blue"]', 'Red, white;Blue'],
  ]],
  // Listed as a text, and an array of names.
  ['text',                 { apiName: 'Tag', length: 2000 },          text('nvarchar(max)'),   [
    none, ['', '[]', null],
    ['hot,Zoë', '[{"name":"hot","id":"1"},{"name":"Zoë","id":"2"}]', 'hot,Zoë'],
  ]],

  ['boolean',              {},                                        whole('bit'),            bits],
  ['integer',              { length: 9 },                             whole('int'),            [none, ...numbers('2147483647', '-2147483648', '0')]],
  ['bigint',               { length: 18 },                            whole('bigint'),         [none, ...texts('9223372036854775807', '-9223372036854775808'), ...numbers('9007199254740993', '0')]],
  ['long',                 {},                                        whole('bigint'),         [none, ...texts('9223372036854775807')]],
  ['double',               { length: 16, decimalPlaces: 9 },          text('decimal(25, 9)'),  [
    none, ...numbers('9007199254740993.000000001', '-9999999999999999.999999999'),
    ['1.0E-9', '1.0E-9', '0.000000001'], ['1.5', '1.50', '1.500000000'],
  ]],
  ['double',               {},                                        text('decimal(23, 4)'),  [none, ...numbers('1234567890123456789.5001')]],
  ['percent',              { length: 5, decimalPlaces: 2 },           text('decimal(7, 2)'),   [none, ...numbers('99999.99', '0.00'), ['12.5', '12.5', '12.50']]],
  ['currency',             { length: 16, decimalPlaces: 2 },          text('decimal(18, 2)'),  [none, ...numbers('9999999999999999.99', '-0.01'), ['70000', '7E4', '70000.00']]],
  ['currency',             { length: 30, decimalPlaces: 9 },          text('decimal(38, 9)'),  [none, ...numbers('99999999999999999999999999999.999999999')]],

  ['date',                 {},                                        text('date'),            [none, ...texts('0001-01-01', '9999-12-31', '2024-02-29', '1900-03-01')]],
  ['datetime',             {},                                        text('datetime2(0)'),    [
    none, ...texts('0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '1969-12-31T23:59:59Z'),
    // Los Angeles leaves summer time: half past one comes twice. It enters it: half past two never comes.
    time('2026-11-01T01:30:00-07:00', '2026-11-01T08:30:00Z'),
    time('2026-11-01T01:30:00-08:00', '2026-11-01T09:30:00Z'),
    time('2026-03-08T01:59:59-08:00', '2026-03-08T09:59:59Z'),
    time('2026-03-08T03:00:00-07:00', '2026-03-08T10:00:00Z'),
    // The year before in UTC; and one instant as two users see it.
    time('2026-01-01T00:00:00+05:30', '2025-12-31T18:30:00Z'),
    ['2026-12-31T23:30:00-03:30', '"2027-01-01T04:00:00+01:00"', '2027-01-01T03:00:00Z'],
  ]],
  ['event_reminder',       {},                                        text('datetime2(0)'),    [none, time('2026-03-01T10:00:00+01:00', '2026-03-01T09:00:00Z')]],

  ['lookup',               { lookupModule: 'Accounts' },              whole('bigint'),         [none, ['9223372036854775807', '{"name":"Zoë","id":"9223372036854775807"}', '9223372036854775807']]],
  ['ownerlookup',          {},                                        whole('bigint'),         [none, ['4876876000000001001', '{"name":"Zoë","id":"4876876000000001001","email":"z@example.com"}', '4876876000000001001']]],
  ['userlookup',           {},                                        whole('bigint'),         [none, ['4876876000000001001', '{"name":"Zoë","id":"4876876000000001001"}', '4876876000000001001']]],
  ['multi_module_lookup',  {},                                        whole('bigint'),         [none, ['4876876000000001001', '{"id":"4876876000000001001","module":{"api_name":"Leads"}}', '4876876000000001001']]],
  ['consent_lookup',       {},                                        whole('bigint'),         [none, ['4876876000000001001', '{"id":"4876876000000001001"}', '4876876000000001001']]],
  ['layout',               {},                                        whole('bigint'),         [none, ['4876876000000001001', '{"name":"Standard","id":"4876876000000001001"}', '4876876000000001001']]],

  ['formula',              { returnType: 'double', decimalPlaces: 2 }, text('decimal(38, 2)'), [none, ...numbers('123456789012345678901234567890123456.78'), ['-0.5', '-0.5', '-0.50']]],
  ['formula',              { returnType: 'currency' },                text('decimal(38, 4)'),  [none, ['0.0001', '1E-4', '0.0001']]],
  ['formula',              { returnType: 'integer' },                 text('decimal(38, 0)'),  [none, ...numbers('99999999999999999999999999999999999999')]],
  ['formula',              { returnType: 'boolean' },                 whole('bit'),            bits],
  ['formula',              { returnType: 'date' },                    text('date'),            [none, ...texts('0001-01-01', '9999-12-31')]],
  ['formula',              { returnType: 'datetime' },                text('datetime2(0)'),    [none, time('2026-03-01T10:00:00-08:00', '2026-03-01T18:00:00Z')]],
  ['formula',              { returnType: 'string' },                  text('nvarchar(max)'),   [...empty, ...texts(family, x(4001))]],
  ['rollup_summary',       { returnType: 'double', decimalPlaces: 2 }, text('decimal(38, 2)'), [none, ['1E3', '1000', '1000.00']]],
  ['rollup_summary',       { returnType: 'bigint' },                  text('decimal(38, 0)'),  [none, ...numbers('9223372036854775808')]],
  ['rollup_summary',       { returnType: 'date' },                    text('date'),            [none, ...texts('2024-02-29')]],

  ['a type of tomorrow',   {},                                        text('nvarchar(max)'),   [...empty, ...texts('whatever it is', x(4001))]],
];

const modifiedTime: Field = {
  apiName: 'Modified_Time',
  dataType: 'datetime',
  options: [],
  richText: false,
};

const ids = (values: readonly Value[], from: number): string[] => values.map((_, i) => `${from + i}`);
const inWords = (about: Partial<Field>): string => Object.values(about).flat().join(', ');

export function describeRoundTrips(name: string, open: () => Promise<Opened>): void {
  describe(`round trips of Zoho's types on ${name}`, () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
      await opened.db.migrate();
    });
    afterAll(async () => opened?.close());

    test.each(types.map((row) => [row[0], inWords(row[1]), row[2].join(' / '), row] as const))(
      '%s (%s) becomes %s, and every value comes back as it was',
      async (_type, _about, _column, [dataType, about, [mssql, sqlite], values]) => {
        const { db } = opened;
        const field: Field = { apiName: 'V', dataType, options: [], richText: false, ...about };
        const settings = { fields: [field.apiName], columns: { [field.apiName]: 'V' }, values: {} };
        const mapping = planMapping('M', [field, modifiedTime], settings);
        const typing = typings(mapping)[0]!;
        const table = aTable({ columns: [{ name: 'V', type: mapping.fields[0]!.type }] });
        const [missing] = (await db.inspectTable(table)).findings;
        expect(missing?.statements.join()).toContain(
          db.dialect === 'mssql' ? `, [V] ${mssql} NULL,` : `, "V" ${sqlite},`,
        );
        await db.ensureTable(table);
        const read = async (): Promise<TypedValue[]> => {
          const found: TypedValue[] = [];
          for await (const row of db.rows(table)) found.push(row.values[0] ?? null);
          return found;
        };
        const rows = (from: number, observed: string, of: (value: Value) => TypedValue) =>
          ids(values, from).map((id, i) => live(id, '10:00', observed, [of(values[i]!)]));
        const csv = ([cell]: Value): TypedValue => typing.fromCsv(cell);
        const json = ([, source]: Value): TypedValue => typing.fromJson(parseJson(source) as JsonValue);
        const stored = values.map(([, , value]) => value);

        await mergeExport(db, table, rows(1, '10:00', csv));
        await merge(db, table, rows(1001, '10:00', json));
        expect(await read()).toEqual([...stored, ...stored]);
        // And the other way: nothing of it differs, and a value over another leaves nothing of that.
        const unchanged = { unchanged: values.length, updated: 0, rejected: 0 };
        expect((await merge(db, table, rows(1, '10:01', json))).counts).toMatchObject(unchanged);
        expect((await mergeExport(db, table, rows(1001, '10:01', csv))).counts).toMatchObject(unchanged);
        const turned = [...values.slice(1), values[0]!];
        const over = ids(values, 1).map((id, i) => live(id, '10:00', '10:02', [csv(turned[i]!)]));
        await mergeExport(db, table, over);
        expect(await read()).toEqual([...turned.map(([, , value]) => value), ...stored]);
      },
    );
  });
}
