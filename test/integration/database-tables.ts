// The part of the database suite about target tables: made, extended, checked, widened.
import { SchemaMismatchError } from '../../src/db';
import { aTable, gone, live, merge, rowsOf, type Opened } from './database-kit';

export function describeTables(opened: () => Opened): void {
  test('makes a table, and finds nothing to do the second time', async () => {
    const { db } = opened();
    const table = aTable();
    expect(await db.ensureTable(table)).toEqual({ created: true, added: [], widened: [] });
    expect(await db.ensureTable(table)).toEqual({ created: false, added: [], widened: [] });
  });

  test('extends and widens a table that it made', async () => {
    const { db } = opened();
    const table = aTable();
    await db.ensureTable(table);
    await merge(db, table, [live('1', '10:00', '10:00')]);
    const wider = {
      ...table,
      columns: [
        ...table.columns.map((c) =>
          c.name === 'Last_Name' ? { ...c, type: { kind: 'text' as const, length: 80 } } : c,
        ),
        { name: 'City', type: { kind: 'text' as const, length: null } },
      ],
    };
    const report = await db.ensureTable(wider);
    // SQLite's text columns have no width.
    const widened = db.dialect === 'mssql' ? ['Last_Name'] : [];
    expect(report).toEqual({ created: false, added: ['City'], widened });
    const long = 'x'.repeat(60);
    await merge(db, wider, [live('1', '10:01', '10:01', [long, '1.50', '1', 'Rome'])]);
    expect(await rowsOf(db, wider)).toEqual([`1 ${long},1.50,1,Rome m=10:01:00.000 o=10:01:00.000 d=-`]);
  });

  test('only checks a table that was there before, and lists the SQL that would mend it', async () => {
    const { db, sql } = opened();
    const table = aTable();
    await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20), Active integer)`);
    const error = await db.ensureTable(table).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SchemaMismatchError);
    if (!(error instanceof SchemaMismatchError)) return;
    expect(error.findings).toEqual([
      `Table ${table.table} has no column Amount`,
      `Table ${table.table} has no column zoho_modified_at`,
      `Table ${table.table} has no column zoho_observed_at`,
      `Table ${table.table} has no column zoho_deleted_at`,
    ]);
    for (const statement of error.statements) await sql(statement);
    expect(await db.ensureTable(table)).toEqual({ created: false, added: [], widened: [] });
  });

  test('does not make a table that it is told to check', async () => {
    const { db } = opened();
    await expect(db.ensureTable(aTable({ schema: 'check' }))).rejects.toThrow(SchemaMismatchError);
  });

  test('extends a table that was there before when told so', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'extend' });
    await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20))`);
    const report = await db.ensureTable(table);
    expect(report.added).toEqual([
      'Amount',
      'Active',
      'zoho_modified_at',
      'zoho_observed_at',
      'zoho_deleted_at',
    ]);
  });

  test('says everything about a table at once, with the SQL that mends it', async () => {
    const { db, sql } = opened();
    const table = aTable({ key: 'ZohoId', deletes: 'hard' });
    const mssql = db.dialect === 'mssql';
    const identity = mssql ? 'int IDENTITY PRIMARY KEY' : 'integer PRIMARY KEY';
    await sql(
      `CREATE TABLE ${table.table} (id ${identity}, Last_Name varchar(5) NOT NULL, Amount AS (7), Branch varchar(3) NOT NULL)`.replace(
        'Amount AS (7)',
        mssql ? 'Amount AS (1 + 1)' : 'Amount integer AS (1 + 1)',
      ),
    );
    const { exists, mode, findings } = await db.inspectTable(table);
    expect([exists, mode]).toEqual([true, 'check']);
    expect(findings.map(({ text }) => text.replace(/:.*/, ''))).toEqual([
      `Table ${table.table} has no key column ZohoId`,
      ...(mssql ? ['The unique index of ZohoId leaves out NULL'] : []),
      `Table ${table.table} has no column Active`,
      `Table ${table.table} has no column zoho_modified_at`,
      `Table ${table.table} has no column zoho_observed_at`,
      `Table ${table.table} has no column zoho_deleted_at`,
      'Column Last_Name takes no NULL',
      'Column Amount is computed, which only the database fills',
      // SQLite's text columns have no width.
      ...(mssql ? ['Column Last_Name takes 5 characters, its field 20 characters'] : []),
      'Column Branch takes no NULL and has no default',
    ]);
    const error = await db.ensureTable(table).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SchemaMismatchError);
    if (!(error instanceof SchemaMismatchError)) return;
    expect(error.findings).toHaveLength(findings.length);
    if (!mssql) return;
    const target = `[${table.table}]`;
    expect(error.statements).toEqual([
      `ALTER TABLE ${target} ADD [ZohoId] bigint NULL`,
      `CREATE UNIQUE INDEX [zoho_mirror_key_${table.table}] ON ${target} ([ZohoId]) WHERE [ZohoId] IS NOT NULL`,
      `ALTER TABLE ${target} ADD [Active] bit NULL`,
      `ALTER TABLE ${target} ADD [zoho_modified_at] datetime2(0) NULL`,
      `ALTER TABLE ${target} ADD [zoho_observed_at] datetime2(3) NULL`,
      `ALTER TABLE ${target} ADD [zoho_deleted_at] datetime2(3) NULL`,
      `ALTER TABLE ${target} ALTER COLUMN [Last_Name] varchar(5) NULL`,
      `ALTER TABLE ${target} ALTER COLUMN [Last_Name] varchar(20) NOT NULL`,
      `ALTER TABLE ${target} ADD DEFAULT N'' FOR [Branch]`,
    ]);
  });

  test('a key column that the database fills, that is too small or not unique is refused', async () => {
    const { db, sql } = opened();
    const findingsFor = async (columns: string, key = 'id'): Promise<string[]> => {
      const table = aTable({ key });
      await sql(
        `CREATE TABLE ${table.table} (Last_Name varchar(20), Amount decimal(18, 2), Active smallint, ${columns})`,
      );
      const { findings } = await db.inspectTable({ ...table, bookkeeping: 'side-table', deletes: 'hard' });
      return findings.map(({ text }) => text);
    };
    expect(await findingsFor('id bigint PRIMARY KEY')).toEqual([]);
    const [notUnique] = await findingsFor('id bigint');
    expect(notUnique).toBe('Key column id has no unique index');
    expect((await findingsFor('id bigint, Other varchar(5), UNIQUE (id, Other)'))[0]).toBe(notUnique);
    if (db.dialect === 'sqlite') return;
    expect(await findingsFor('id bigint NOT NULL')).toEqual([
      notUnique,
      expect.stringMatching(/^While the unique index of id is built nobody can write to T_/),
    ]);
    expect(await findingsFor('id int PRIMARY KEY')).toEqual([
      expect.stringContaining('Key column id is int, not a bigint'),
      expect.stringContaining('QUOTED_IDENTIFIER or ANSI_NULLS off (error 1934)'),
    ]);
    expect(await findingsFor('id bigint IDENTITY PRIMARY KEY')).toEqual([
      expect.stringContaining('Key column id is an identity, which only the database fills'),
      expect.stringContaining('docs/existing-tables.md'),
    ]);
  });

  test('what the mirror itself writes must fit: its times, constants and flags; narrower numbers are told', async () => {
    const { db, sql } = opened();
    const mssql = db.dialect === 'mssql';
    const table = aTable({
      constants: { Source: 'ZOHO', Weight: 5 },
      deletedFlag: [
        { column: 'State', deleted: 'GONE', live: null },
        { column: 'Dead', deleted: 'yes', live: 'no' },
      ],
    });
    const [date, time, short] = mssql
      ? ['datetime', 'datetime2(2)', 'smallint']
      : ['INTEGER', 'INTEGER', 'INTEGER'];
    await sql(
      `CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20), Amount decimal(9, 1), Active smallint,
        zoho_modified_at ${mssql ? 'datetime2(0)' : 'text'}, zoho_observed_at ${date}, zoho_deleted_at ${time},
        Source varchar(3), Weight integer, State varchar(5) NOT NULL, Dead ${short})`,
    );
    const { findings } = await db.inspectTable(table);
    expect(findings.map(({ text, blocks }) => `${blocks ? '' : '- '}${text}`)).toEqual([
      `Column zoho_observed_at is ${date}, the mirror needs ${mssql ? 'datetime2(3)' : 'TEXT'} NULL there: change it, or choose another name in \`bookkeepingColumns\``,
      `Column zoho_deleted_at is ${mssql ? 'datetime2' : 'INTEGER'}, the mirror needs ${mssql ? 'datetime2(3)' : 'TEXT'} NULL there: change it, or choose another name in \`bookkeepingColumns\``,
      'Column Source cannot hold its constant: too long: 4 characters, the column takes 3',
      'Column State takes no NULL, which is one of its values as a deletedFlag: give the other value too',
      'Column Dead cannot hold its deletedFlag: not a whole number',
      '- Column Amount is decimal(9, 1), narrower than its field: numbers that do not fit are rejected one by one',
    ]);
    if (!mssql) return;
    expect(findings.flatMap(({ statements }) => statements)).toEqual([
      `ALTER TABLE [${table.table}] ALTER COLUMN [zoho_observed_at] datetime2(3) NULL`,
      `ALTER TABLE [${table.table}] ALTER COLUMN [zoho_deleted_at] datetime2(3) NULL`,
      `ALTER TABLE [${table.table}] ALTER COLUMN [State] varchar(5) NULL`,
      `ALTER TABLE [${table.table}] ALTER COLUMN [Amount] decimal(18, 2) NULL`,
    ]);
  });

  test('beside its own primary key a table gets the Zoho id in a column of its own; the mirror never fills the other', async () => {
    const { db, sql } = opened();
    const table = aTable({ key: 'ZohoId', schema: 'extend' });
    const identity = db.dialect === 'mssql' ? 'int IDENTITY PRIMARY KEY' : 'integer PRIMARY KEY';
    await sql(`CREATE TABLE ${table.table} (nr ${identity}, Last_Name varchar(20))`);
    await sql(`INSERT INTO ${table.table} (Last_Name) VALUES ('Old'), ('Older')`);
    expect((await db.ensureTable(table)).added).toContain('ZohoId');
    expect(await db.ensureTable(table)).toEqual({ created: false, added: [], widened: [] });
    await merge(db, table, [live('1', '10:00', '10:00'), live('2', '10:00', '10:00')]);
    const rows = await sql(`SELECT nr, CAST(ZohoId AS varchar(20)) AS zoho FROM ${table.table} ORDER BY nr`);
    expect(rows.map(({ nr, zoho }) => `${String(nr)} ${String(zoho)}`)).toEqual([
      '1 null',
      '2 null',
      '3 1',
      '4 2',
    ]);
    expect(await db.fixedColumns({ ...table, schema: 'check' })).not.toContain(
      db.dialect === 'mssql' ? 'nr' : 'nothing',
    );
    expect(await db.fixedColumns(table)).toBeUndefined();
  });

  test('triggers on the table fire as they do for everybody', async () => {
    const { db, sql } = opened();
    const table = aTable();
    await db.ensureTable(table);
    const log = `${table.table}_log`;
    await sql(`CREATE TABLE ${log} (what varchar(10), n integer)`);
    if (db.dialect === 'mssql')
      for (const event of ['insert', 'update'])
        await sql(
          `CREATE TRIGGER ${log}_${event} ON ${table.table} AFTER ${event} AS
           INSERT INTO ${log} SELECT '${event}', COUNT(*) FROM inserted HAVING COUNT(*) > 0`,
        );
    else
      for (const event of ['insert', 'update'])
        await sql(
          `CREATE TRIGGER ${log}_${event} AFTER ${event} ON ${table.table}
           BEGIN INSERT INTO ${log} VALUES ('${event}', 1); END`,
        );
    const counts = [
      await merge(db, table, [live('1', '10:00', '10:00'), live('2', '10:00', '10:00')]),
      await merge(db, table, [live('1', '10:01', '10:01', ['Bob', null, null]), gone('2', '10:02')]),
    ].map((result) => result.counts);
    expect(counts).toMatchObject([{ inserted: 2 }, { updated: 1, deleted: 1 }]);
    const logged = await sql(`SELECT what, SUM(n) AS n FROM ${log} GROUP BY what ORDER BY what`);
    expect(logged.map(({ what, n }) => `${String(what)} ${String(n)}`)).toEqual(['insert 2', 'update 2']);
  });

  test('refuses a column of another kind, and one that needs a value nobody gives', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'extend' });
    await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Amount integer, Branch integer NOT NULL)`);
    const error = await db.ensureTable(table).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SchemaMismatchError);
    expect(String(error)).toMatch(/Column Amount is int(eger)?, which cannot hold decimal/i);
    expect(String(error)).toMatch(/Column Branch takes no NULL/);
  });
}
