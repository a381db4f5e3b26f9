// The part of the database suite about tables with rows of their own: matched by chosen columns once, and counted before a load.
import type { Database, TargetTable } from '../../src/db';
import { noCounts } from '../../src/contracts';
import type { TypedValue } from '../../src/mirror/column-type';
import type { Observation } from '../../src/mirror/observation';
import { aTable, ann, at, live, merge, type Opened } from './database-kit';

const page = (table: TargetTable, from: number, to: number, job = 'page') => ({
  jobId: `${table.table}-${job}`,
  from,
  to,
  complete: false,
});

const person = (id: string, email: string | null, nr: string | null = '1'): Observation =>
  live(id, '10:00', '10:01', [email, nr]);

/** E-mail and customer number, beside a primary key of the table's own. */
const customers = (change: Partial<TargetTable> = {}): TargetTable =>
  aTable({
    key: 'ZohoId',
    columns: [
      { name: 'Email', type: { kind: 'text', length: 60 } },
      { name: 'Customer_No', type: { kind: 'integer' } },
    ],
    match: ['Email'],
    bookkeeping: 'side-table',
    deletes: 'hard',
    ...change,
  });

export function describeAdoption(opened: () => Opened): void {
  const old = async (
    table: TargetTable,
    rows: readonly (readonly [email: string | null, nr: number | null])[],
    columns = 'ZohoId bigint',
  ): Promise<void> => {
    const { sql, db } = opened();
    const identity = db.dialect === 'mssql' ? 'int IDENTITY PRIMARY KEY' : 'integer PRIMARY KEY';
    const more = columns === '' ? '' : `, ${columns}`;
    await sql(`CREATE TABLE ${table.table} (nr ${identity}, Email varchar(60), Customer_No integer${more})`);
    for (const [email, nr] of rows)
      await sql(
        `INSERT INTO ${table.table} (Email, Customer_No) VALUES (${email === null ? 'NULL' : `'${email}'`}, ${nr ?? 'NULL'})`,
      );
    if (columns !== '' && db.dialect === 'mssql')
      await sql(
        `CREATE UNIQUE INDEX ${table.table}_zoho ON ${table.table} (ZohoId) WHERE ZohoId IS NOT NULL`,
      );
    else if (columns !== '') await sql(`CREATE UNIQUE INDEX ${table.table}_zoho ON ${table.table} (ZohoId)`);
  };
  const idsOf = async (table: TargetTable): Promise<(string | null)[]> =>
    (await opened().sql(`SELECT CAST(ZohoId AS varchar(20)) AS id FROM ${table.table} ORDER BY nr`)).map(
      ({ id }) => id as string | null,
    );

  test('an old row gets the id of the one record that it matches; what is ambiguous is listed and left alone', async () => {
    const { db } = opened();
    const table = customers();
    await old(table, [
      ['ann@x.example', 1],
      [' BOB@x.example ', 2],
      ['twice@x.example', 3],
      ['twice@x.example', 4],
      ['shared@x.example', 5],
      ['nobody@x.example', 6],
      [null, 7],
    ]);
    await db.ensureTable(table);
    expect(await db.matching.settled(table)).toBe(false);
    const first = [
      person('11', 'ann@x.example'),
      person('12', 'bob@x.example'),
      person('13', 'twice@x.example'),
    ];
    await db.matching.offer(table, { observations: first, first: true, checkpoint: page(table, 0, 3) });
    const second = [
      person('14', 'shared@x.example'),
      person('15', 'SHARED@x.example'),
      person('16', 'new@x.example'),
      person('17', null),
      person('18', '   '),
    ];
    await db.matching.offer(table, { observations: second, first: false, checkpoint: page(table, 3, 8) });
    expect(await db.matching.adopt(table)).toEqual({ adopted: 2, ambiguous: 3 });
    expect(await idsOf(table)).toEqual(['11', '12', null, null, null, null, null]);
    expect(await db.matching.ambiguous(table.module, 10)).toEqual([
      { id: '13', rows: 2, records: 1 },
      { id: '14', rows: 1, records: 2 },
      { id: '15', rows: 1, records: 2 },
    ]);
    expect(await db.matching.settled(table)).toBe(true);
    expect(await db.matching.settled({ ...table, match: ['Email', 'Customer_No'] })).toBe(false);
    expect(await db.matching.settled({ ...table, match: [] })).toBe(true);
    // What follows is the ordinary load: the rows are adopted by their ids.
    const { counts } = await merge(db, table, [
      person('11', 'ann@x.example', '1'),
      person('12', 'b@x.example', '2'),
    ]);
    expect(counts).toEqual({ ...noCounts(), read: 2, updated: 1, unchanged: 1 });
  });

  test('several columns match only together, whatever their types; a record that has its row already takes no other', async () => {
    const { db } = opened();
    const table = customers({ match: ['Email', 'Customer_No'] });
    await old(table, [
      ['a@x.example', 1],
      ['a@x.example', 2],
      ['b@x.example', 3],
    ]);
    await db.ensureTable(table);
    await merge(db, table, [person('21', 'elsewhere@x.example', '9')]);
    const observations = [
      person('21', 'a@x.example', '1'),
      person('22', 'a@x.example', '2'),
      person('23', 'b@x.example', null),
    ];
    await db.matching.offer(table, { observations, first: true, checkpoint: page(table, 0, 3) });
    expect(await db.matching.adopt(table)).toEqual({ adopted: 1, ambiguous: 0 });
    expect(await idsOf(table)).toEqual([null, '22', null, '21']);
  });

  test('a matching that begins again drops what it had, and a page that comes twice counts once', async () => {
    const { db } = opened();
    const table = customers();
    await old(table, [['a@x.example', 1]]);
    await db.ensureTable(table);
    const offer = (job: string, observations: Observation[], first: boolean): Promise<void> =>
      db.matching.offer(table, { observations, first, checkpoint: page(table, 0, 1, job) });
    await offer('one', [person('31', 'a@x.example')], true);
    await offer('two', [person('32', 'a@x.example')], true);
    await offer('three', [person('32', 'a@x.example')], false);
    await expect(offer('three', [person('33', 'a@x.example')], false)).rejects.toThrow(
      /was moved by another/,
    );
    expect(await db.matching.adopt(table)).toEqual({ adopted: 1, ambiguous: 0 });
    expect(await idsOf(table)).toEqual(['32']);
  });

  const previewOf = async (db: Database, table: TargetTable, observations: readonly Observation[]) => {
    const runId = `run-${table.table}`;
    const [a, b] = [observations.slice(0, 2), observations.slice(2)];
    const keep = (
      some: readonly Observation[],
      from: number,
      first: boolean,
      rejects: { id?: string; column?: string }[],
    ) =>
      db.preview.keep(table, {
        runId,
        first,
        observations: some,
        rejects: rejects.map((one) => ({ ...one, reason: 'wrong', raw: '{}', observedAt: at('10:01') })),
        checkpoint: page(table, from, from + some.length + rejects.length, 'preview'),
      });
    await keep(a, 0, true, []);
    await keep(b, a.length, false, [{ id: '91', column: 'Birthday' }, {}]);
    const found = await db.preview.end(table, runId);
    await db.comparison.drop(runId);
    return found;
  };
  const nothing = {
    inserted: 0,
    updated: 0,
    unchanged: 0,
    adopted: 0,
    matched: 0,
    ambiguous: 0,
    rejected: 2,
    rejectedBy: { '': 1, Birthday: 1 },
    foreign: 0,
    unseen: 0,
    samples: { foreign: [], rejected: ['91'], ambiguous: [] },
  };

  test('a preview of a table that is not there counts inserts, and makes nothing', async () => {
    const { db } = opened();
    const table = aTable();
    const rows = ['1', '2', '3'].map((id) => live(id, '10:00', '10:00'));
    expect(await previewOf(db, table, rows)).toEqual({ ...nothing, inserted: 3 });
    expect((await db.inspectTable(table)).exists).toBe(false);
  });

  test('a preview tells inserted, updated, unchanged, adopted, rejected, foreign and unseen apart, and writes no row', async () => {
    const { db, sql } = opened();
    const table = aTable();
    await db.ensureTable(table);
    const bobby: readonly TypedValue[] = ['Bobby', '2.00', '0'];
    await merge(
      db,
      table,
      ['1', '2', '3'].map((id) => live(id, '10:00', '10:00')),
    );
    await sql(`INSERT INTO ${table.table} (id, Last_Name) VALUES (7, 'Own'), (8, 'Own')`);
    const before = await sql(`SELECT * FROM ${table.table} ORDER BY id`);
    const rows = [
      live('1', '10:00', '10:05'),
      live('2', '10:04', '10:05', bobby),
      live('7', '10:00', '10:05'),
      live('9', '10:00', '10:05'),
      live('10', '10:00', '10:05', ['x'.repeat(30), null, null]),
      live('11', '10:00', '10:05', [ann[0]!, '1.50', 'x']),
    ];
    const long = db.dialect === 'mssql';
    expect(await previewOf(db, table, rows)).toEqual({
      ...nothing,
      // SQLite's own columns take any length.
      inserted: long ? 1 : 2,
      updated: 1,
      unchanged: 1,
      adopted: 1,
      foreign: 1,
      unseen: 1,
      rejected: long ? 4 : 3,
      rejectedBy: { '': 1, Birthday: 1, Active: 1, ...(long ? { Last_Name: 1 } : {}) },
      samples: { foreign: ['8'], rejected: long ? ['10', '11', '91'] : ['11', '91'], ambiguous: [] },
    });
    expect(await sql(`SELECT * FROM ${table.table} ORDER BY id`)).toEqual(before);
  });

  test('a preview of a table that still lacks the mirror’s columns, and the key, knows what would be adopted by match', async () => {
    const { db } = opened();
    const table = customers({
      bookkeeping: {
        modifiedAt: 'zoho_modified_at',
        observedAt: 'zoho_observed_at',
        deletedAt: 'zoho_deleted_at',
      },
    });
    await old(
      table,
      [
        ['a@x.example', 1],
        ['twice@x.example', 3],
        ['twice@x.example', 4],
        ['nobody@x.example', 6],
      ],
      '',
    );
    const rows = [
      person('1', 'a@x.example'),
      person('2', 'twice@x.example'),
      person('3', 'new@x.example'),
      person('4', 'short@x.example', 'no number'),
    ];
    const preview = await previewOf(db, table, rows);
    expect(preview).toEqual({
      ...nothing,
      inserted: 2,
      adopted: 1,
      matched: 1,
      ambiguous: 1,
      foreign: 3,
      rejected: 3,
      rejectedBy: { '': 1, Birthday: 1, Customer_No: 1 },
      samples: { foreign: [], rejected: ['4', '91'], ambiguous: ['2'] },
    });
    expect(await db.matching.ambiguous(table.module, 10)).toEqual([]);
    // On SQL Server the index of a key that comes later is a filtered one, which is said as well.
    const said = db.dialect === 'mssql' ? ['person'] : [];
    const { findings } = await db.inspectTable(table);
    expect(findings.map(({ kind }) => kind)).toEqual(['add', ...said, 'add', 'add', 'add']);
  });
}
