// Every type of a target column on SQL Server, with the values at its borders: what goes in comes back unchanged, or is rejected.
// What becomes of Zoho's types is in `round-trips.ts`.
import { openDatabase, type Database, type TargetTable } from '../../src/db';
import { connectMssql, mssqlSettings } from '../../src/db/mssql';
import type { ColumnType, TypedValue } from '../../src/mirror';
import { recordId } from '../../src/mirror/record-id';
import { aTable, at, live, merge, mergeExport } from './database-kit';
import { testUrl } from './mssql-server';

let db: Database;
const beside = connectMssql(mssqlSettings(testUrl()));
const sql = async (statement: string) => (await beside.raw(statement)) as Record<string, unknown>[];

beforeAll(async () => {
  db = await openDatabase(testUrl());
  await db.migrate();
});
afterAll(async () => {
  await db.close();
  await beside.destroy();
});

const single = (type: ColumnType): TargetTable => aTable({ columns: [{ name: 'V', type }] });

async function stored(table: TargetTable): Promise<TypedValue[]> {
  const values: TypedValue[] = [];
  for await (const row of db.rows(table)) values.push(row.values[0] ?? null);
  return values;
}

/** Past the mirror's own reading: how the server itself writes the value. */
const asText = async (table: TargetTable): Promise<unknown[]> =>
  (await sql(`SELECT CONVERT(nvarchar(max), V) AS v FROM ${table.table} ORDER BY id`)).map(({ v }) => v);

const text = (length: number | null): ColumnType => ({ kind: 'text', length });
const emoji = '😀👩‍👩‍👧‍👦 日本語 Zoë';

test.each<[string, ColumnType, TypedValue[]]>([
  [
    'bigint',
    { kind: 'bigint' },
    ['9223372036854775807', '-9223372036854775808', '9007199254740993', '0', '-1', null],
  ],
  ['int', { kind: 'integer' }, ['2147483647', '-2147483648', '0', null]],
  [
    'decimal(38, 9)',
    { kind: 'decimal', precision: 38, scale: 9 },
    [
      '99999999999999999999999999999.999999999',
      '-99999999999999999999999999999.999999999',
      '0.000000001',
      null,
    ],
  ],
  [
    'decimal(28, 2)',
    { kind: 'decimal', precision: 28, scale: 2 },
    ['99999999999999999999999999.99', '-0.01', '1234567890123456.78', '0.00'],
  ],
  [
    'decimal(18, 2)',
    { kind: 'decimal', precision: 18, scale: 2 },
    ['9999999999999999.99', '-9999999999999999.99', '9007199254740993.01', null],
  ],
  ['decimal(9, 4)', { kind: 'decimal', precision: 9, scale: 4 }, ['99999.9999', '-0.0001', '42949.6729']],
  [
    'decimal(38, 0)',
    { kind: 'decimal', precision: 38, scale: 0 },
    ['9'.repeat(38), `-${'9'.repeat(38)}`, '0'],
  ],
  ['bit', { kind: 'boolean' }, ['1', '0', null]],
  ['date', { kind: 'date' }, ['0001-01-01', '9999-12-31', '2024-02-29', '1900-02-28', '2000-03-01', null]],
  [
    'datetime2(0)',
    { kind: 'datetime' },
    ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2024-02-29T12:00:00Z', '1969-12-31T23:59:59Z', null],
  ],
  ['nvarchar(4000)', text(4000), ['x'.repeat(4000), '', null, emoji, ' blanks ', "N'x'; --"]],
  ['nvarchar(max)', text(null), ['x'.repeat(4001), 'ß'.repeat(100_000), '', null, emoji]],
  ['nvarchar(4001) is max', text(4001), ['x'.repeat(4001), '', null]],
])('%s keeps the values at its borders', async (_name, type, values) => {
  const table = single(type);
  await db.ensureTable(table);
  const rows = values.map((value, i) => live(`${i + 1}`, '10:00', '10:00', [value]));
  expect((await mergeExport(db, table, rows)).counts).toMatchObject({ inserted: values.length, rejected: 0 });
  expect(await stored(table)).toEqual(values);
  // And as one by one, over other content: the same values by the other way, then nothing to change.
  const other = values.map((_, i) => live(`${i + 1}`, '10:00', '10:01', [values[(i + 1) % values.length]!]));
  await merge(db, table, other);
  await merge(
    db,
    table,
    rows.map((row, i) => live(row.id, '10:00', '10:02', [values[i]!])),
  );
  expect(await stored(table)).toEqual(values);
  const again = values.map((value, i) => live(`${i + 1}`, '10:00', '10:03', [value]));
  expect((await mergeExport(db, table, again)).counts).toMatchObject({
    unchanged: values.length,
    updated: 0,
  });
});

test('the server itself reads the values as they are meant', async () => {
  const numbers = single({ kind: 'decimal', precision: 38, scale: 9 });
  await db.ensureTable(numbers);
  await merge(db, numbers, [live('1', '10:00', '10:00', ['12345678901234567890123456789.123456789'])]);
  expect(await asText(numbers)).toEqual(['12345678901234567890123456789.123456789']);
  const days = single({ kind: 'date' });
  await db.ensureTable(days);
  await merge(db, days, [
    live('1', '10:00', '10:00', ['0001-01-01']),
    live('2', '10:00', '10:00', ['9999-12-31']),
  ]);
  const read = await sql(
    `SELECT YEAR(V) * 10000 + MONTH(V) * 100 + DAY(V) AS v FROM ${days.table} ORDER BY id`,
  );
  expect(read.map(({ v }) => v)).toEqual([10101, 99991231]);
});

test.each<[string, ColumnType, string, string]>([
  ['bigint', { kind: 'bigint' }, '9223372036854775808', 'out of the range of bigint'],
  ['int', { kind: 'integer' }, '2147483648', 'out of the range of int'],
  [
    'decimal(5, 2)',
    { kind: 'decimal', precision: 5, scale: 2 },
    '1000.00',
    'out of the range of decimal(5, 2)',
  ],
  ['nvarchar(5)', text(5), '😀😀😀', 'too long: 6 characters, the column takes 5'],
  ['nvarchar(4000)', text(4000), 'x'.repeat(4001), 'too long: 4001 characters, the column takes 4000'],
])('what %s cannot hold is rejected, and the rows beside it go in', async (_name, type, value, reason) => {
  const table = single(type);
  await db.ensureTable(table);
  const rows = [live('1', '10:00', '10:00', [null]), live('2', '10:00', '10:00', [value])];
  expect((await mergeExport(db, table, rows)).counts).toMatchObject({ inserted: 1, rejected: 1 });
  const rejects = await sql(
    `SELECT id, column_name, reason FROM zoho_mirror.rejected_record WHERE module = '${table.module}'`,
  );
  expect(rejects).toEqual([{ id: '2', column_name: 'V', reason }]);
});

test.each<[string, string[]]>([
  ['tinyint', ['255', '0']],
  ['smallint', ['32767', '-32768']],
  ['varchar(20)', ['12345']],
  ['decimal(20, 0)', ['9223372036854775807']],
])('whole numbers go into a %s column that was there before', async (declared, values) => {
  const table = single({ kind: 'bigint' });
  await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, V ${declared} NULL)`);
  await db.ensureTable({ ...table, schema: 'extend' });
  const rows = (o: string) => values.map((value, i) => live(`${i + 1}`, '10:00', o, [value]));
  await mergeExport(db, table, rows('10:00'));
  expect(await asText(table)).toEqual(values);
  expect((await mergeExport(db, table, rows('10:01'))).counts.unchanged).toBe(values.length);
});

test.each<[string, ColumnType, string, string]>([
  ['datetime', { kind: 'datetime' }, '2026-03-01T10:00:01Z', '2026-03-01 10:00:01'],
  ['datetime2(7)', { kind: 'datetime' }, '2026-03-01T10:00:01Z', '2026-03-01 10:00:01'],
  ['smalldatetime', { kind: 'datetime' }, '2026-03-01T10:00:00Z', '2026-03-01 10:00:00'],
  ['datetime', { kind: 'date' }, '2026-03-01', '2026-03-01 00:00:00'],
])('a %s column that was there before takes %o', async (declared, type, value, read) => {
  const table = single(type);
  await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, V ${declared} NULL)`);
  await db.ensureTable({ ...table, schema: 'extend' });
  await mergeExport(db, table, [live('1', '10:00', '10:00', [value])]);
  const rows = await sql(`SELECT CONVERT(varchar(19), V, 120) AS v FROM ${table.table}`);
  expect(rows.map(({ v }) => v)).toEqual([read]);
  const again = [live('1', '10:00', '10:01', [value])];
  expect((await mergeExport(db, table, again)).counts.unchanged).toBe(1);
});

test('money keeps four places, and a day before 1753 is rejected by datetime', async () => {
  const money = single({ kind: 'decimal', precision: 18, scale: 2 });
  await sql(`CREATE TABLE ${money.table} (id bigint PRIMARY KEY, V money NULL)`);
  await db.ensureTable({ ...money, schema: 'extend' });
  await mergeExport(db, money, [live('1', '10:00', '10:00', ['900000000000000.01'])]);
  const [row] = await sql(`SELECT CONVERT(varchar(40), CONVERT(decimal(19, 4), V)) AS v FROM ${money.table}`);
  expect(row?.v).toBe('900000000000000.0100');
  const days = single({ kind: 'datetime' });
  await sql(`CREATE TABLE ${days.table} (id bigint PRIMARY KEY, V datetime NULL)`);
  await db.ensureTable({ ...days, schema: 'extend' });
  const rows = [
    live('1', '10:00', '10:00', ['1752-12-31T23:59:59Z']),
    live('2', '10:00', '10:00', ['1753-01-01T00:00:00Z']),
  ];
  expect((await mergeExport(db, days, rows)).counts).toMatchObject({ inserted: 1, rejected: 1 });
});

test('what the code page of a varchar column lacks is rejected, not stored as a question mark', async () => {
  const table = single(text(20));
  await sql(
    `CREATE TABLE ${table.table} (id bigint PRIMARY KEY, V varchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS NULL)`,
  );
  await db.ensureTable({ ...table, schema: 'extend' });
  const values = ['Zoë € œ', 'plain?', '東京', 'Łódź', '🎉'];
  const rows = values.map((value, i) => live(`${i + 1}`, '10:00', '10:00', [value]));
  expect((await mergeExport(db, table, rows)).counts).toMatchObject({ inserted: 2, rejected: 3 });
  expect(await asText(table)).toEqual(['Zoë € œ', 'plain?']);
  const rejects = await sql(
    `SELECT DISTINCT column_name, reason FROM zoho_mirror.rejected_record WHERE module = '${table.module}'`,
  );
  expect(rejects).toEqual([
    { column_name: 'V', reason: 'a character that code page 1252 of the column lacks' },
  ]);
});

test('a column of fixed length is not changed by its own blanks', async () => {
  const table = single(text(10));
  await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, V nchar(10) NULL)`);
  await db.ensureTable({ ...table, schema: 'extend' });
  await mergeExport(db, table, [live('1', '10:00', '10:00', ['Ann'])]);
  const [row] = await sql(`SELECT V FROM ${table.table}`);
  expect(row?.V).toBe('Ann       ');
  expect((await mergeExport(db, table, [live('1', '10:00', '10:01', ['Ann'])])).counts.unchanged).toBe(1);
  expect((await mergeExport(db, table, [live('1', '10:00', '10:02', ['ann'])])).counts.updated).toBe(1);
});

test('ids of 19 digits stay what they are, and of one id in a page the greater content counts', async () => {
  const table = single(text(10));
  await db.ensureTable(table);
  const id = '9223372036854775807';
  const { counts } = await mergeExport(db, table, [
    live(id, '10:00', '10:00', ['old']),
    live('1', '10:00', '10:00', ['one']),
    live(id, '10:01', '10:00', ['new']),
    live(id, '10:00', '10:00', ['old']),
  ]);
  expect(counts).toMatchObject({ read: 4, inserted: 2, stale: 2 });
  expect((await db.registers(table, [recordId(id)])).get(recordId(id))?.modifiedAt).toBe(at('10:01'));
  expect(await stored(table)).toEqual(['one', 'new']);
});
