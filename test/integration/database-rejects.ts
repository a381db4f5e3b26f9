// The part of the database suite about what a table refuses: one row, one deletion, or everything.
import { DatabaseError, SchemaMismatchError, type OpenReject, type TargetTable } from '../../src/db';
import { noCounts } from '../../src/contracts';
import type { Observation } from '../../src/mirror/observation';
import { aTable, ann, at, bob, gone, live, merge, mergeExport, rowsOf, type Opened } from './database-kit';

const many = (count: number, name = 'Ann'): Observation[] =>
  Array.from({ length: count }, (_, i) => live(`${i + 1}`, '10:00', '10:01', [name, '1.50', '1']));

const briefly = ({ id, column, reason }: OpenReject): unknown[] => [id, column, reason];

/** What a merge throws. */
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

export function describeRejects(opened: () => Opened): void {
  const made = async (change: Partial<TargetTable> = {}): Promise<TargetTable> => {
    const table = aTable(change);
    await opened().db.ensureTable(table);
    return table;
  };

  test('open rejects are listed, newest first, a record’s contents only when asked for', async () => {
    const { db } = opened();
    const table = await made();
    const wrong = (id: string) => live(id, '10:00', '10:01', ['Ann', '1.50', 'x']);
    await merge(db, table, [wrong('7')]);
    await merge(db, table, [wrong('8')], {
      rejects: [{ reason: 'no id', raw: '{"a":1}', observedAt: wrong('8').observedAt }],
    });
    const all = await db.listRejects(table.module, {});
    expect(all).toHaveLength(3);
    expect(all.every(({ raw }) => raw === undefined)).toBe(true);
    expect(all.filter(({ id }) => id === '7').map(briefly)).toEqual([
      ['7', 'Active', db.dialect === 'mssql' ? 'not a boolean' : 'not a whole number'],
    ]);
    const times = all.map(({ rejectedAt }) => rejectedAt);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    const [one, ...others] = await db.listRejects(table.module, { ids: ['8'], raw: true });
    expect(others).toEqual([]);
    expect(JSON.parse(one!.raw!)).toEqual({ id: '8', Last_Name: 'Ann', Amount: '1.50', Active: 'x' });
    expect(await db.listRejects(table.module, { limit: 1 })).toHaveLength(1);
    await merge(db, table, [live('7', '10:00', '10:02'), gone('8', '10:02')]);
    expect((await db.listRejects(table.module, {})).map(briefly)).toEqual([[undefined, undefined, 'no id']]);
  });

  test.each(['columns', 'side-table'] as const)(
    'a row whose record was shown and refused is not unseen, as long as the reject is open (%s)',
    async (where) => {
      const { db } = opened();
      const table = await made(where === 'side-table' ? { bookkeeping: where } : {});
      const wrong = (id: string, o: string) => live(id, '10:00', o, ['Ann', '1.50', 'x']);
      await merge(
        db,
        table,
        ['1', '2', '3', '4'].map((id) => live(id, '10:00', '10:00')),
      );
      const other = await made({ module: 'Contacts' });
      await merge(db, other, [wrong('4', '11:30')]);
      await merge(db, table, [wrong('1', '11:30'), wrong('2', '10:30'), wrong('3', '11:00')]);
      const unseen = (before: string) => db.unseen(table, at(before), undefined, 10);
      expect([await db.countUnseen(table, at('11:00')), await unseen('11:00')]).toEqual([2, ['2', '4']]);
      expect([await db.countUnseen(table, at('12:00')), await unseen('12:00')]).toEqual([
        4,
        ['1', '2', '3', '4'],
      ]);
      // Zoho shows again what the table holds: the reject is settled.
      await merge(db, table, [live('1', '10:00', '11:40')]);
      expect(await unseen('11:45')).toEqual(['1', '2', '3', '4']);
    },
  );

  test('a column that was widened takes at once what it had refused', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'extend' });
    await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(5))`);
    const narrow = {
      ...table,
      columns: table.columns.map((column) =>
        column.name === 'Last_Name' ? { ...column, type: { kind: 'text' as const, length: 5 } } : column,
      ),
    };
    await db.ensureTable(narrow);
    const long = (o: string) => live('1', '10:00', o, ['Annabel', '1.50', '1']);
    expect((await merge(db, narrow, [long('10:01')])).counts.rejected).toBe(1);
    if (db.dialect === 'mssql') await sql(`ALTER TABLE ${table.table} ALTER COLUMN Last_Name varchar(20)`);
    else
      for (const change of ['DROP COLUMN Last_Name', 'ADD COLUMN Last_Name varchar(20)'])
        await sql(`ALTER TABLE ${table.table} ${change}`);
    expect((await merge(db, narrow, [long('10:02')])).counts).toEqual({
      ...noCounts(),
      read: 1,
      inserted: 1,
    });
    expect(await db.listRejects(table.module, {})).toEqual([]);
  });

  test.each(['columns', 'side-table'] as const)(
    'L18: a deletion that a foreign key refuses is a reject; the row stays, dead, until it can go (%s)',
    async (where) => {
      const { db, sql } = opened();
      const table = await made({
        deletes: 'hard',
        ...(where === 'side-table' ? { bookkeeping: where } : {}),
      });
      const { table: name, module } = table;
      await merge(db, table, [live('1', '10:00', '10:00'), live('2', '10:00', '10:00')]);
      await sql(`CREATE TABLE ${name}_order (nr integer, lead_id bigint REFERENCES ${name} (id))`);
      await sql(`INSERT INTO ${name}_order (nr, lead_id) VALUES (1, 1)`);

      const refused = await merge(db, table, [
        gone('1', '10:05'),
        gone('2', '10:05'),
        live('3', '10:00', '10:00'),
      ]);
      expect(refused.counts).toEqual({ ...noCounts(), read: 1, inserted: 1, deleted: 1, rejected: 1 });
      const [reject] = await db.listRejects(module, {});
      expect(reject).toMatchObject({
        id: '1',
        reason: expect.stringMatching(/^its deletion is refused by .*foreign key/),
      });
      const stamp = 'm=10:00:00.000 o=10:00:00.000';
      expect(await rowsOf(db, table)).toEqual([
        `1 Ann,1.50,1 ${stamp} d=10:05:00.000`,
        `3 Ann,1.50,1 ${stamp} d=-`,
      ]);
      expect(await db.count(table)).toEqual({ live: 1, deleted: 1, rejected: 1 });
      // A late row of an export cannot bring it back.
      await merge(db, table, [live('1', '10:02', '10:03')]);
      expect((await rowsOf(db, table))[0]).toMatch(/^1 .* d=10:05:00.000$/);

      await merge(db, table, [gone('1', '10:06')]);
      expect(await db.listRejects(module, {})).toHaveLength(1);
      await sql(`DELETE FROM ${name}_order`);
      await merge(db, table, [gone('1', '10:07')]);
      expect(await rowsOf(db, table)).toEqual([`3 Ann,1.50,1 ${stamp} d=-`]);
      expect(await db.listRejects(module, {})).toEqual([]);
      await sql(`DROP TABLE ${name}_order`);
    },
  );

  test('L18: so is one that a constraint on the flag refuses; no late row revives the record', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'extend', deletedFlag: [{ column: 'Gone', deleted: 1, live: 0 }] });
    await sql(
      `CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Gone integer CHECK (Gone < 1 OR id <> 1))`,
    );
    await db.ensureTable(table);
    await merge(db, table, [live('1', '10:00', '10:00'), live('2', '10:00', '10:00')]);
    const { counts } = await merge(db, table, [gone('1', '10:05'), gone('2', '10:05')]);
    expect(counts).toEqual({ ...noCounts(), deleted: 1, rejected: 1 });
    expect((await db.listRejects(table.module, {})).map(({ id }) => id)).toEqual(['1']);
    const before = await rowsOf(db, table);
    await merge(db, table, [live('1', '10:06', '10:07', bob)], { fromExport: true });
    expect(await rowsOf(db, table)).toEqual(before);
    await merge(db, table, [live('1', '10:06', '10:08')]);
    expect(await db.listRejects(table.module, {})).toEqual([]);
  });

  test('a column that is gone stops the load with the SQL that mends it, and nothing is rejected', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'check' });
    await db.ensureTable({ ...table, schema: 'extend' });
    await mergeExport(db, table, many(3));
    await sql(`ALTER TABLE ${table.table} DROP COLUMN Amount`);
    for (const attempt of ['the first', 'the next']) {
      const error = await thrownBy(mergeExport(db, table, many(120, attempt)));
      expect(error).toBeInstanceOf(SchemaMismatchError);
      expect(String(error)).toContain(
        `Table ${table.table} has no column Amount. To mend it, run: ALTER TABLE`,
      );
    }
    expect(await db.listRejects(table.module, {})).toEqual([]);
    for (const statement of ((await thrownBy(merge(db, table, many(1)))) as SchemaMismatchError).statements)
      await sql(statement);
    expect((await mergeExport(db, table, many(3, 'Bob'))).counts.rejected).toBe(0);
  });

  test('a column that the mirror had made itself is made again', async () => {
    const { db, sql } = opened();
    const table = await made();
    await merge(db, table, many(1));
    await sql(`ALTER TABLE ${table.table} DROP COLUMN Amount`);
    expect(await thrownBy(merge(db, table, many(2)))).toMatchObject({ verdict: 'retry' });
    expect((await merge(db, table, many(2))).counts).toMatchObject({ inserted: 1, rejected: 0 });
  });

  test('a column that takes no NULL and that nobody fills stops even a single row', async () => {
    const { db, sql } = opened();
    const table = await made();
    await merge(db, table, [live('1', '10:00', '10:00')]);
    // SQLite wants a default where rows are there; a table without one is a table made anew.
    await sql(`DROP TABLE ${table.table}`);
    await sql(
      `CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20), Amount decimal(18, 2), Active smallint,
       zoho_modified_at ${db.dialect === 'mssql' ? 'datetime2(0)' : 'text'}, zoho_observed_at ${db.dialect === 'mssql' ? 'datetime2(3)' : 'text'},
       zoho_deleted_at ${db.dialect === 'mssql' ? 'datetime2(3)' : 'text'}, Branch varchar(5) NOT NULL)`,
    );
    const error = await thrownBy(merge(db, table, [live('2', '10:00', '10:00')]));
    expect(error).toBeInstanceOf(SchemaMismatchError);
    expect(String(error)).toContain('Column Branch takes no NULL and has no default');
    expect(await db.openRejects(table.module)).toBe(0);
  });

  describe('a constraint that refuses', () => {
    const constrained = async (check: string): Promise<TargetTable> => {
      const table = aTable({ schema: 'extend' });
      await opened().sql(
        `CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20), CHECK (${check}))`,
      );
      await opened().db.ensureTable(table);
      return table;
    };

    test('every row of an export stops it, and nothing is rejected', async () => {
      const { db } = opened();
      const table = await constrained(`Last_Name <> 'Ann'`);
      const error = await thrownBy(mergeExport(db, table, many(150)));
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toMatchObject({ verdict: 'permanent' });
      expect(String(error)).toContain('The table takes no row: each is refused by a check');
      expect(await db.listRejects(table.module, {})).toEqual([]);
      expect(await rowsOf(db, table)).toEqual([]);
    });

    test('nearly every row rejects each of them', async () => {
      const { db } = opened();
      const table = await constrained('id > 140');
      const { counts } = await mergeExport(db, table, many(150));
      expect(counts).toEqual({ ...noCounts(), read: 150, inserted: 10, rejected: 140 });
    }, 180_000);

    test('every record of a few rejects each of them', async () => {
      const { db } = opened();
      const table = await constrained(`Last_Name <> 'Ann'`);
      expect((await mergeExport(db, table, many(60))).counts.rejected).toBe(60);
      expect((await merge(db, table, many(101))).counts.rejected).toBe(101);
    }, 180_000);
  });

  const raised = [
    ['raises an error', `RAISERROR('no', 16, 1)`],
    ['throws', `THROW 50001, 'no', 1`],
    ['takes the transaction back', `BEGIN RAISERROR('no', 16, 1); ROLLBACK TRANSACTION; END`],
  ] as const;
  test.each(raised)('a trigger that %s rejects its rows alone', async (_how, no) => {
    const { db, sql } = opened();
    const table = await made({ deletes: 'hard' });
    const { table: name, module } = table;
    if (db.dialect === 'mssql')
      for (const [event, rows] of [
        ['INSERT', 'inserted'],
        ['DELETE', 'deleted'],
      ] as const)
        await sql(
          `CREATE TRIGGER ${name}_${event} ON ${name} AFTER ${event} AS IF EXISTS (SELECT 1 FROM ${rows} WHERE Last_Name = 'Bad') ${no}`,
        );
    else
      for (const [event, row] of [
        ['INSERT', 'NEW'],
        ['DELETE', 'OLD'],
      ] as const)
        await sql(
          `CREATE TRIGGER ${name}_${event} AFTER ${event} ON ${name} WHEN ${row}.Last_Name = 'Bad' BEGIN SELECT RAISE(ABORT, 'no'); END`,
        );
    const row = (id: string, person: string): Observation =>
      live(id, '10:00', '10:01', [person, '1.50', '1']);
    const checkpoint = { jobId: `${name}-job`, from: 0, to: 6, complete: true };
    const rows = ['Ann', 'Bad', 'Bob', 'Cid', 'Bad', 'Dan'].map((person, i) => row(`${i + 1}`, person));
    const { counts } = await mergeExport(db, table, rows, { checkpoint });
    expect(counts).toEqual({ ...noCounts(), read: 6, inserted: 4, rejected: 2 });
    expect((await db.checkpoint(checkpoint.jobId))?.counts).toEqual(counts);
    expect((await db.listRejects(module, {})).map(briefly)).toEqual([
      ['2', undefined, expect.stringMatching(/^refused by a trigger/)],
      ['5', undefined, expect.stringMatching(/^refused by a trigger/)],
    ]);
    expect((await merge(db, table, [row('7', 'Bad'), row('8', 'Eve')])).counts).toEqual({
      ...noCounts(),
      read: 2,
      inserted: 1,
      rejected: 1,
    });
    await merge(db, table, [live('1', '10:02', '10:02', ['Bad', '1.50', '1'])]);
    expect((await merge(db, table, [gone('1', '10:05'), gone('3', '10:05')])).counts).toMatchObject({
      deleted: 1,
      rejected: 1,
    });
    expect((await rowsOf(db, table)).map((text) => text.replace(/,.* d=/, ' d='))).toEqual([
      '1 Bad d=10:05:00.000',
      '4 Cid d=-',
      '6 Dan d=-',
      '8 Eve d=-',
    ]);
  });

  test('an export of which no row fits a column stops, and says which column', async () => {
    const { db } = opened();
    const table = await made();
    const rows = many(120).map((row) => ({ ...row, values: [ann[0], ann[1], 'x'] }) as Observation);
    const error = await thrownBy(mergeExport(db, table, rows));
    expect(error).toBeInstanceOf(SchemaMismatchError);
    expect(String(error)).toContain('None of 120 rows fits the column Active; of the first: not a');
    expect(await db.openRejects(table.module)).toBe(0);
  });
}
