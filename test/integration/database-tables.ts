// The part of the database suite about target tables: made, extended, checked, widened.
import { SchemaMismatchError } from '../../src/db';
import { aTable, live, merge, rowsOf, type Opened } from './database-kit';

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
