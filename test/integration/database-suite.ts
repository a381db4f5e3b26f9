// What every database has to keep, told once for both. It looks at tables through the interface, and past it only to prepare.
import fc from 'fast-check';
import {
  DatabaseError,
  SchemaMismatchError,
  SupersededError,
  type Reject,
  type TargetTable,
} from '../../src/db';
import { noCounts } from '../../src/contracts';
import { instant, type Instant } from '../../src/mirror/instant';
import type { Observation } from '../../src/mirror/observation';
import { recordId } from '../../src/mirror/record-id';
import { LawModel } from '../support/law-model';
import {
  ann,
  aTable,
  at,
  bob,
  gone,
  live,
  merge,
  mergeExport,
  modelState,
  rowsOf,
  start,
  stateOf,
  type Opened,
} from './database-kit';
import { describeAdoption } from './database-adoption';
import { describeComparison } from './database-comparison';
import { describeRejects } from './database-rejects';
import { describeTables } from './database-tables';

const withTable = async (opened: Opened, change: Partial<TargetTable> = {}): Promise<TargetTable> => {
  const table = aTable(change);
  await opened.db.ensureTable(table);
  return table;
};

export function describeDatabase(name: string, open: () => Promise<Opened>, numRuns: number): void {
  describe(name, () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
      await opened.db.migrate();
    });
    afterAll(async () => opened?.close());
    const it = (): Opened => opened;

    describeLaw(it);
    describeProperties(it, numRuns);
    describeBatches(it);
    describeLedger(it);
    describeTables(it);
    describeRejects(it);
    describeAdoption(it);
    describeComparison(it);
  });
}

function describeLaw(opened: () => Opened): void {
  test('L1: content is replaced only by a greater (m, o), m first', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [live('1', '10:00', '10:01', ann)]);
    await merge(db, table, [live('1', '09:59', '10:30', bob)]);
    expect(await rowsOf(db, table)).toEqual(['1 Ann,1.50,1 m=10:00:00.000 o=10:01:00.000 d=-']);
    await merge(db, table, [live('1', '10:00', '10:01:00.001', bob)]);
    expect(await rowsOf(db, table)).toEqual(['1 Bob,2.00,0 m=10:00:00.000 o=10:01:00.001 d=-']);
  });

  test('L2: an equal (m, o) is unchanged, and running a batch again changes nothing', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const batch = [live('1', '10:00', '10:01'), live('2', '10:00', '10:01', bob), gone('3', '10:02')];
    await merge(db, table, batch);
    const before = await stateOf(db, table, ['1', '2', '3']);
    const again = await merge(db, table, batch);
    expect(again.counts).toEqual({ ...noCounts(), read: 2, unchanged: 2 });
    expect(await stateOf(db, table, ['1', '2', '3'])).toEqual(before);
  });

  test('L3: gone only grows, and a late row never resurrects a deleted record', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [live('1', '10:00', '10:00')]);
    const deleted = await merge(db, table, [gone('1', '10:05')]);
    expect(deleted.counts).toEqual({ ...noCounts(), deleted: 1 });
    const late = await merge(db, table, [live('1', '10:02', '10:03', bob), gone('1', '10:01')]);
    expect(late.counts).toEqual({ ...noCounts(), read: 1, stale: 1 });
    expect(await rowsOf(db, table)).toEqual(['1 Bob,2.00,0 m=10:02:00.000 o=10:03:00.000 d=10:05:00.000']);
  });

  test('L4: a record is live if and only if max(m, o) > g', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [live('1', '10:00', '10:01'), gone('1', '10:01')]);
    await merge(db, table, [live('2', '10:00', '10:01'), gone('2', '10:00:59.999')]);
    await merge(db, table, [live('3', '10:02', '10:01'), gone('3', '10:01:30')]);
    const rows = await rowsOf(db, table);
    expect(rows.map((row) => row.split(' ').at(-1))).toEqual(['d=10:01:00.000', 'd=-', 'd=-']);
  });

  test('L5: soft keeps the row with the time it was gone, also for a row that comes after its deletion', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [gone('1', '10:05')]);
    expect(await rowsOf(db, table)).toEqual([]);
    expect((await merge(db, table, [live('1', '10:00', '10:01')])).counts.stale).toBe(1);
    await merge(db, table, [gone('1', '10:06')]);
    expect(await rowsOf(db, table)).toEqual(['1 Ann,1.50,1 m=10:00:00.000 o=10:01:00.000 d=10:06:00.000']);
  });

  test('L6: hard removes the row, and its content register still has to be beaten', async () => {
    const { db } = opened();
    const table = await withTable(opened(), { deletes: 'hard' });
    await merge(db, table, [live('1', '10:00', '10:01')]);
    expect((await merge(db, table, [gone('1', '10:05')])).counts.deleted).toBe(1);
    expect(await rowsOf(db, table)).toEqual([]);
    expect((await merge(db, table, [live('1', '09:00', '10:09')])).counts.stale).toBe(1);
    expect(await rowsOf(db, table)).toEqual([]);
    expect((await merge(db, table, [live('1', '10:00', '10:09', bob)])).counts.inserted).toBe(1);
    expect(await rowsOf(db, table)).toEqual(['1 Bob,2.00,0 m=10:00:00.000 o=10:09:00.000 d=-']);
  });

  test('L7: the tombstone stays when the record comes back', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [live('1', '10:00', '10:00'), gone('1', '10:05')]);
    const back = await merge(db, table, [live('1', '10:00', '10:06')]);
    expect(back.counts).toEqual({ ...noCounts(), read: 1, updated: 1 });
    expect((await db.registers(table, [recordId('1')])).get(recordId('1'))).toEqual({
      modifiedAt: at('10:00'),
      observedAt: at('10:06'),
      goneAt: at('10:05'),
    });
  });

  test.each(['soft', 'hard'] as const)(
    'L8: an export never revives a record with a tombstone (%s)',
    async (deletes) => {
      const { db } = opened();
      const table = await withTable(opened(), { deletes });
      await merge(db, table, [gone('1', '10:05'), live('2', '10:00', '10:01'), gone('2', '10:05')]);
      const before = await rowsOf(db, table);
      const result = await merge(db, table, [live('1', '10:06', '10:07'), live('2', '10:06', '10:07')], {
        fromExport: true,
      });
      expect([...result.heldBack].sort()).toEqual(['1', '2']);
      expect(result.counts).toEqual({ ...noCounts(), read: 2, stale: 2 });
      expect(await rowsOf(db, table)).toEqual(before);
    },
  );

  test('L8: a batch with rows that are held back leaves nothing where the caller wants to ask first', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [gone('1', '10:05')]);
    const checkpoint = { jobId: `${table.table}-held`, from: 0, to: 2, complete: true };
    const rows = [live('1', '10:06', '10:07'), live('2', '10:06', '10:07')];
    const page = { fromExport: true, heldBack: 'rollback', checkpoint } as const;
    expect(await merge(db, table, rows, page)).toMatchObject({ committed: false, heldBack: ['1'] });
    expect(await rowsOf(db, table)).toEqual([]);
    expect(await db.checkpoint(checkpoint.jobId)).toBeUndefined();
    await merge(db, table, [live('1', '10:06', '10:08')]);
    expect(await merge(db, table, rows, page)).toEqual({
      committed: true,
      counts: { ...noCounts(), read: 2, inserted: 1, stale: 1 },
      heldBack: [],
    });
  });

  test('L9: an unchanged row moves its bookkeeping only', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [live('1', '10:00', '10:01')]);
    const { counts } = await merge(db, table, [live('1', '10:02', '10:03')]);
    expect(counts).toEqual({ ...noCounts(), read: 1, unchanged: 1 });
    expect(await rowsOf(db, table)).toEqual(['1 Ann,1.50,1 m=10:02:00.000 o=10:03:00.000 d=-']);
  });

  test('L10: within a batch the greatest of an id decides, the others are stale', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const { counts } = await merge(db, table, [
      live('1', '10:00', '10:02', bob),
      live('1', '10:01', '10:01', ann),
      live('1', '10:00', '10:09', bob),
      gone('1', '09:00'),
    ]);
    expect(counts).toEqual({ ...noCounts(), read: 3, inserted: 1, stale: 2 });
    expect(await rowsOf(db, table)).toEqual(['1 Ann,1.50,1 m=10:01:00.000 o=10:01:00.000 d=-']);
  });
}

const ids = ['1', '2', '9223372036854775807'];

const observation: fc.Arbitrary<Observation> = fc
  .record({
    id: fc.constantFrom(...ids),
    m: fc.integer({ min: 0, max: 4 }),
    o: fc.integer({ min: 0, max: 8 }),
    dead: fc.boolean(),
  })
  .map(({ id, m, o, dead }) => {
    const observedAt = instant(start + o * 700);
    if (dead) return { kind: 'gone', id: recordId(id), observedAt };
    // What a record holds at (m, o) is one thing, however often it is read.
    const values = [['Ann', 'ann', ''][(m + o) % 3] ?? null, m % 2 === 0 ? null : `${m}.00`, null];
    return { kind: 'live', id: recordId(id), modifiedAt: instant(start + m * 1000), observedAt, values };
  });

const batches = fc.array(fc.array(observation, { maxLength: 7 }), { maxLength: 6 });

/** Where the mirror keeps its three columns, and what a deletion does to the row. */
const shapes: [string, Partial<TargetTable>][] = [
  ['soft', { deletes: 'soft' }],
  ['hard', { deletes: 'hard' }],
  ['hard, side-table', { deletes: 'hard', bookkeeping: 'side-table' }],
  ['flag', { deletes: 'soft', deletedFlag: [{ column: 'Gone', deleted: 1, live: 0 }] }],
  [
    'flags, side-table',
    {
      deletes: 'soft',
      bookkeeping: 'side-table',
      deletedFlag: [
        { column: 'Gone', deleted: true, live: false },
        { column: 'State', deleted: 'J', live: null },
      ],
    },
  ],
];

/** Every flag column says the same as the mirror's own three columns. */
async function expectFlags({ db, sql }: Opened, table: TargetTable): Promise<void> {
  const dead = new Map<string, boolean>();
  for await (const { id, deletedAt } of db.rows(table)) dead.set(id, deletedAt !== undefined);
  for (const { column, deleted, live } of table.deletedFlag ?? []) {
    const rows = await sql(`SELECT CAST(id AS varchar(20)) AS id, ${column} AS flag FROM ${table.table}`);
    for (const row of rows) {
      const wanted = dead.get(String(row.id)) ? deleted : live;
      const written = typeof wanted === 'string' ? row.flag : row.flag === null ? null : Number(row.flag);
      expect(written).toBe(typeof wanted === 'boolean' ? Number(wanted) : wanted);
    }
  }
}

function describeProperties(opened: () => Opened, numRuns: number): void {
  test.each(shapes)(
    'L11: any batches in any order, repeated, give the same table (%s)',
    async (_shape, change) => {
      await fc.assert(
        fc.asyncProperty(batches, fc.nat(), async (some, repeat) => {
          const table = await withTable(opened(), change);
          for (const batch of some) await merge(opened().db, table, batch);
          const again = some[repeat % Math.max(1, some.length)];
          if (again !== undefined) await merge(opened().db, table, again);
          const model = new LawModel(table.deletes);
          model.merge(some.flat().reverse());
          expect(await stateOf(opened().db, table, ids)).toEqual(modelState(model, ids));
          await expectFlags(opened(), table);
        }),
        { numRuns },
      );
    },
  );

  test.each(shapes)(
    'L12: state, counts and what is held back are those of the model, exports included (%s)',
    async (_shape, change) => {
      const flagged = fc.array(fc.tuple(fc.array(observation, { maxLength: 7 }), fc.boolean()), {
        maxLength: 6,
      });
      await fc.assert(
        fc.asyncProperty(flagged, async (some) => {
          const table = await withTable(opened(), change);
          const model = new LawModel(table.deletes);
          for (const [batch, fromExport] of some) {
            const result = fromExport
              ? await mergeExport(opened().db, table, batch)
              : await merge(opened().db, table, batch);
            const expected = model.merge(batch, fromExport);
            expect(result.counts).toEqual({ ...expected.counts, rejected: 0 });
            expect([...result.heldBack].sort()).toEqual(expected.heldBack);
          }
          expect(await stateOf(opened().db, table, ids)).toEqual(modelState(model, ids));
          await expectFlags(opened(), table);
        }),
        { numRuns },
      );
    },
  );
}

function describeBatches(opened: () => Opened): void {
  test('L13: a value that is too long is rejected, the rest goes in, and a newer good row resolves it', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'extend' });
    await sql(`CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(5), Active integer)`);
    const narrow = { ...table, columns: table.columns.filter(({ name }) => name !== 'Amount') };
    await db.ensureTable({ ...narrow, columns: narrow.columns.map((c) => ({ ...c, type: short(c.type) })) });
    const long = live('2', '10:00', '10:01', ['Annabel', '1']);
    const batch = [
      live('1', '10:00', '10:01', ['Ann', '1']),
      long,
      live('3', '10:00', '10:01', ['Bob', null]),
    ];
    const first = await merge(db, narrow, batch);
    expect(first.counts).toEqual({ ...noCounts(), read: 3, inserted: 2, rejected: 1 });
    await merge(db, narrow, batch);
    expect(await db.count(narrow)).toEqual({ live: 2, deleted: 0, rejected: 1 });
    const [stored] = await rejectsOf(sql, db.dialect, narrow);
    expect(stored).toMatchObject({ id: '2', column_name: 'Last_Name' });
    expect(JSON.parse(String(stored?.raw))).toEqual({ id: '2', Last_Name: 'Annabel', Active: '1' });
    await merge(db, narrow, [live('2', '10:00', '10:02', ['Anna', '1'])]);
    expect(await db.count(narrow)).toEqual({ live: 3, deleted: 0, rejected: 0 });
    await merge(db, narrow, batch);
    expect(await db.count(narrow)).toEqual({ live: 3, deleted: 0, rejected: 0 });
  });

  test('L13: a newer reject of a record takes the place of the older one, whichever comes first', async () => {
    const { db, sql } = opened();
    const table = await withTable(opened());
    const refused = (id: string, time: string, column: string): Reject => {
      return { id, column, reason: 'not a number', raw: `{"at":"${time}"}`, observedAt: at(time) };
    };
    const open = async (): Promise<unknown[]> =>
      (await rejectsOf(sql, db.dialect, table)).map(({ id, raw }) => `${String(id)} ${String(raw)}`).sort();
    await merge(db, table, [], {
      rejects: [refused('5', '10:00', 'Amount'), refused('6', '10:00', 'Amount')],
    });
    await merge(db, table, [], { rejects: [refused('5', '10:02', 'Active')] });
    expect(await open()).toEqual(['5 {"at":"10:02"}', '6 {"at":"10:00"}']);
    await merge(db, table, [], {
      rejects: [refused('5', '10:01', 'Amount'), refused('5', '10:00', 'Amount')],
    });
    expect(await open()).toEqual(['5 {"at":"10:02"}', '6 {"at":"10:00"}']);
    await merge(db, table, [live('5', '10:00', '10:03')]);
    await merge(db, table, [], { rejects: [refused('5', '10:02', 'Amount')] });
    expect(await open()).toEqual(['6 {"at":"10:00"}']);
    const own = db.dialect === 'mssql' ? 'zoho_mirror.rejected_record' : 'zoho_mirror_rejected_record';
    const kept = await sql(`SELECT id, raw FROM ${own} WHERE module = '${table.module}'`);
    expect([...new Set(kept.map(({ id, raw }) => `${String(id)} ${String(raw)}`))].sort()).toEqual([
      '5 {"at":"10:02"}',
      '6 {"at":"10:00"}',
    ]);
  });

  test.each(['in one batch', 'in two', 'in two, the newer first'] as const)(
    'L11, L13: a row that its column cannot hold beats no older one of its id, %s',
    async (how) => {
      const { db } = opened();
      const table = await withTable(opened());
      const fits = live('1', '10:00', '10:01');
      const newer = live('1', '10:02', '10:03', ['Bob', '2.00', 'x']);
      const batches = { 'in one batch': [[fits, newer]], 'in two': [[fits], [newer]] };
      const counts = noCounts();
      for (const batch of how === 'in two, the newer first' ? [[newer], [fits]] : batches[how])
        for (const [name, count] of Object.entries((await mergeExport(db, table, batch)).counts))
          counts[name as keyof typeof counts] += count;
      expect(counts).toEqual({ ...noCounts(), read: 2, inserted: 1, rejected: 1 });
      expect(await rowsOf(db, table)).toEqual(['1 Ann,1.50,1 m=10:00:00.000 o=10:01:00.000 d=-']);
      expect(await db.listRejects(table.module, {})).toMatchObject([{ id: '1', column: 'Active' }]);
    },
  );

  test('L11, L13: so it is where rows are merged as they were read', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const { counts } = await merge(db, table, [
      live('1', '10:02', '10:03', ['Bob', '2.00', 'x']),
      live('1', '10:00', '10:01'),
      gone('1', '09:00'),
    ]);
    expect(counts).toEqual({ ...noCounts(), read: 2, inserted: 1, rejected: 1 });
    expect(await rowsOf(db, table)).toEqual(['1 Ann,1.50,1 m=10:00:00.000 o=10:01:00.000 d=-']);
  });

  test('L13: rows that a constraint refuses are found among good ones', async () => {
    const { db, sql } = opened();
    const table = aTable({ schema: 'extend' });
    await sql(
      `CREATE TABLE ${table.table} (id bigint PRIMARY KEY, Last_Name varchar(20) CHECK (Last_Name <> 'Bad'))`,
    );
    await db.ensureTable(table);
    const name = (i: number): string => (i % 40 === 7 ? 'Bad' : `N${i}`);
    const rows = Array.from({ length: 200 }, (_, i) =>
      live(`${i + 1}`, '10:00', '10:01', [name(i), '1.50', null]),
    );
    const { counts } = await mergeExport(db, table, rows);
    expect(counts).toEqual({ ...noCounts(), read: 200, inserted: 195, rejected: 5 });
    expect(await db.count(table)).toEqual({ live: 195, deleted: 0, rejected: 5 });
    const raw = (await rejectsOf(sql, db.dialect, table)).map(
      (row) => JSON.parse(String(row.raw)) as unknown,
    );
    expect(raw).toContainEqual({ id: '8', Last_Name: 'Bad', Amount: '1.50', Active: null });
  });

  test('L14: rejects that the caller found are stored once, with and without an id', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const rejects = [
      { id: '5', column: 'Amount', reason: 'not a number', raw: '{"id":"5"}', observedAt: at('10:00') },
      { reason: 'no id', raw: '{"x":1}', observedAt: at('10:00') },
      { reason: 'no id', raw: '{"x":2}', observedAt: at('10:00') },
    ];
    const first = await merge(db, table, [live('1', '10:00', '10:00')], { rejects });
    expect(first.counts).toEqual({ ...noCounts(), read: 4, inserted: 1, rejected: 3 });
    await merge(db, table, [], { rejects });
    expect((await db.count(table)).rejected).toBe(3);
  });

  test('L15: rows that the mirror never wrote are not touched, and adopted when Zoho shows their id', async () => {
    const { db, sql } = opened();
    const table = await withTable(opened());
    await sql(`INSERT INTO ${table.table} (id, Last_Name) VALUES (7, 'Own'), (8, 'Own')`);
    await merge(db, table, [gone('7', '10:05'), live('1', '10:00', '10:00')]);
    expect(await db.countUnseen(table, at('23:00'))).toBe(1);
    expect(await db.unseen(table, at('23:00'), undefined, 10)).toEqual(['1']);
    expect(await db.count(table)).toEqual({ live: 1, deleted: 0, rejected: 0 });
    const { counts } = await merge(db, table, [live('8', '10:00', '10:01', bob)]);
    expect(counts).toEqual({ ...noCounts(), read: 1, updated: 1 });
    expect(await rowsOf(db, table)).toEqual([
      '1 Ann,1.50,1 m=10:00:00.000 o=10:00:00.000 d=-',
      '7 Own,, m=- o=- d=-',
      '8 Bob,2.00,0 m=10:00:00.000 o=10:01:00.000 d=-',
    ]);
  });

  test('L16: ids of 19 digits, exact decimals, emoji, blanks and case arrive as they are', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    await merge(db, table, [
      live('9223372036854775807', '10:00', '10:00', ['Zoë 🎉', '9999999999999999.99', null]),
      live('4000000000000000001', '10:00', '10:00', ['', '-0.10', '0']),
      live('4000000000000000002', '10:00', '10:00', [null, null, '1']),
    ]);
    const values = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const row of db.rows(table)) found.push([row.id, ...row.values]);
      return found;
    };
    expect(await values()).toEqual([
      ['4000000000000000001', '', '-0.10', '0'],
      ['4000000000000000002', null, null, '1'],
      ['9223372036854775807', 'Zoë 🎉', '9999999999999999.99', null],
    ]);
    for (const [second, text] of ['ZOË 🎉', 'zoë 🎉', 'zoë 🎉 ', 'zoë 🎊 '].entries()) {
      const o = `10:01:0${second}`;
      const change = live('9223372036854775807', '10:00', o, [text, '9999999999999999.99', null]);
      expect((await merge(db, table, [change])).counts.updated).toBe(1);
    }
    const emptied = [live('4000000000000000002', '10:00', '10:01', ['', null, '1'])];
    expect((await merge(db, table, emptied)).counts.updated).toBe(1);
  });

  test('L17: columns that are not mapped keep their values, and constants are written on insert only', async () => {
    const { db, sql } = opened();
    const table = await withTable(opened(), { constants: { Source: 'ZOHO', Weight: 5 } });
    await merge(db, table, [live('1', '10:00', '10:00')]);
    await sql(`UPDATE ${table.table} SET Source = 'hand'`);
    await merge(db, table, [live('1', '10:01', '10:01', bob), live('2', '10:01', '10:01', bob)]);
    const rows = await sql(`SELECT Source, Weight FROM ${table.table} ORDER BY id`);
    expect(rows.map((row) => `${String(row.Source)} ${String(row.Weight)}`)).toEqual(['hand 5', 'ZOHO 5']);
  });

  test('merges twelve thousand rows in one call, and again', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const rows = Array.from({ length: 12_000 }, (_, i) =>
      live(`${i + 1}`, '10:00', '10:00', [`N${i}`, null, '1']),
    );
    expect((await merge(db, table, rows)).counts.inserted).toBe(12_000);
    expect((await merge(db, table, rows)).counts.unchanged).toBe(12_000);
    expect(await db.unseen(table, at('10:01'), recordId('11998'), 10)).toEqual(['11999', '12000']);
    expect(
      (
        await db.registers(
          table,
          rows.map((row) => row.id),
        )
      ).size,
    ).toBe(12_000);
  });

  test('an aborted merge leaves nothing behind', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(merge(db, table, [live('1', '10:00', '10:00')], { signal })).rejects.toThrow('stop');
    expect(await rowsOf(db, table)).toEqual([]);
  });
}

const short = (type: TargetTable['columns'][number]['type']): typeof type =>
  type.kind === 'text' ? { kind: 'text', length: 5 } : type;

async function rejectsOf(
  sql: Opened['sql'],
  dialect: string,
  table: TargetTable,
): Promise<Record<string, unknown>[]> {
  const own = dialect === 'mssql' ? 'zoho_mirror.rejected_record' : 'zoho_mirror_rejected_record';
  return sql(
    `SELECT id, column_name, raw FROM ${own} WHERE module = '${table.module}' AND resolved_at IS NULL`,
  );
}

const aColumn: TargetTable['columns'][number] = { name: 'Extra', type: { kind: 'integer' } };

function describeLedger(opened: () => Opened): void {
  test('a checkpoint moves with its batch by compare-and-set, and a zombie stops there', async () => {
    const { db } = opened();
    const table = await withTable(opened());
    const job = `job-${table.table}`;
    expect(await db.checkpoint(job)).toBeUndefined();
    const first = { jobId: job, from: 0, to: 1, complete: false };
    await merge(db, table, [live('1', '10:00', '10:00')], { checkpoint: first });
    const zombie = merge(db, table, [live('9', '10:00', '10:00')], { checkpoint: first });
    await expect(zombie).rejects.toThrow(SupersededError);
    await merge(db, table, [live('2', '10:00', '10:00')], {
      checkpoint: { jobId: job, from: 1, to: 2, complete: true },
    });
    await merge(db, table, [], { checkpoint: { jobId: job, from: 2, to: 2, complete: false } });
    expect(await db.checkpoint(job)).toEqual({
      jobId: job,
      rowsDone: 2,
      complete: true,
      counts: { ...noCounts(), read: 2, inserted: 2 },
    });
    expect((await rowsOf(db, table)).map((row) => row.slice(0, 1))).toEqual(['1', '2']);
  });

  test('of two attempts at the same rows one goes in', async () => {
    const { db, another } = opened();
    const table = await withTable(opened());
    const other = await another();
    const checkpoint = { jobId: `job-${table.table}`, from: 0, to: 1, complete: false };
    const both = await Promise.allSettled(
      [db, other].map((one) => merge(one, table, [live('1', '10:00', '10:00')], { checkpoint })),
    );
    await other.close();
    expect(both.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect((await db.checkpoint(checkpoint.jobId))?.rowsDone).toBe(1);
  });

  test('the watermark moves forward only, beside what was loaded and dropped fields', async () => {
    const { db } = opened();
    const { module } = aTable();
    expect(await db.state(module)).toEqual({ module, droppedFields: [] });
    expect(await db.moveWatermark(module, at('10:05'))).toBe(at('10:05'));
    expect(await db.moveWatermark(module, at('10:01'))).toBe(at('10:05'));
    const loadedAs = {
      rules: 1,
      table: 'dbo.Leads',
      key: 'id',
      deletes: 'soft',
      bookkeeping: 'side-table',
      flags: '',
      fields: { Größe: { column: 'x', type: 'text 80' } },
    };
    await db.setLoaded(module, 'abc', loadedAs);
    await db.dropField(module, 'Tag');
    await db.dropField(module, 'Tag');
    expect(await db.state(module)).toEqual({
      module,
      watermark: at('10:05'),
      fingerprint: 'abc',
      loadedAs,
      droppedFields: ['Tag'],
    });
    await db.takeFieldsUp(module);
    expect((await db.state(module)).droppedFields).toEqual([]);
    await db.setLoaded(module, 'def', undefined);
    expect((await db.state(module)).loadedAs).toBeUndefined();
  });

  test('runs and the shared token are overwritten in place', async () => {
    const { db } = opened();
    const name = `token-${aTable().table}`;
    expect(await db.readToken(name)).toBeUndefined();
    await db.writeToken(name, 'one');
    await db.writeToken(name, 'two');
    expect(await db.readToken(name)).toBe('two');
    const run = { runId: name, workflow: 'CatchUpSync', module: name, counts: { ...noCounts(), read: 2 } };
    await db.recordRun({ ...run, outcome: 'running' });
    await db.recordRun({ ...run, outcome: 'failed', detail: 'why' });
    const [only, ...others] = await db.lastRuns(name, 5);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ ...run, outcome: 'failed', detail: 'why' });
    expect(only!.updatedAt).toBeGreaterThanOrEqual(only!.startedAt);
    // One that is recorded only when it ends says itself when it began.
    const late = `${name}-late`;
    await db.recordRun({ ...run, runId: late, module: late, outcome: 'done', startedAt: at('10:00') });
    expect((await db.lastRuns(late, 1))[0]).toMatchObject({ startedAt: at('10:00') });
  });

  test('what is settled, and books of runs that are over, are removed when they are old; open rejects and loads stay', async () => {
    const { db, sql } = opened();
    const table = aTable();
    const { module } = table;
    await db.ensureTable(table);
    const own = db.dialect === 'mssql' ? 'zoho_mirror.rejected_record' : 'zoho_mirror_rejected_record';
    const wrong = (id: string) => live(id, '10:00', '10:01', ['Ann', '1.50', 'x']);
    await merge(db, table, [wrong('7'), wrong('8')]);
    await merge(db, table, [live('7', '10:00', '10:02')]);
    const run = { module, counts: noCounts(), outcome: 'done' as const };
    await db.recordRun({ ...run, runId: `${module}-load`, workflow: 'InitialSync' });
    await db.recordRun({ ...run, runId: `${module}-catch-up`, workflow: 'CatchUpSync' });
    const checkpoint = { jobId: `job-${module}`, from: 0, to: 1, complete: true };
    await mergeExport(db, table, [live('9', '10:00', '10:01')], { checkpoint });
    const left = async () => ({
      rejects: (await sql(`SELECT id FROM ${own} WHERE module = '${module}'`)).length,
      runs: (await db.lastRuns(module, 9)).map(({ workflow }) => workflow).sort(),
      page: (await db.checkpoint(checkpoint.jobId)) !== undefined,
    });
    const all = { rejects: 2, runs: ['CatchUpSync', 'InitialSync'], page: true };
    expect(await left()).toEqual(all);
    expect(await db.prune(module, instant(Date.now() - 3_600_000))).toBe(false);
    expect(await left()).toEqual(all);
    expect(await db.prune('Another', instant(Date.now() + 3_600_000))).toBe(false);
    expect(await left()).toEqual({ ...all, page: false });
    expect(await db.prune(module, instant(Date.now() + 3_600_000))).toBe(false);
    expect(await left()).toEqual({ rejects: 1, runs: ['InitialSync'], page: false });
    expect((await db.listRejects(module, {})).map(({ id }) => id)).toEqual(['8']);
  });

  test('a rehearsal says what a load would do to tables, and leaves nothing behind', async () => {
    const { db } = opened();
    const table = aTable();
    const created = { created: true, added: [], widened: [] };
    expect(await db.rehearse([table])).toEqual([created]);
    // Were anything left, it would not be created any more.
    expect(await db.rehearse([table])).toEqual([created]);
    await db.ensureTable(table);
    const more = { ...table, deletes: 'hard' as const, columns: [...table.columns, aColumn] };
    expect(await db.rehearse([more])).toEqual([{ created: false, added: [aColumn.name], widened: [] }]);
    await expect(db.rehearse([{ ...more, schema: 'check' }])).rejects.toThrow(SchemaMismatchError);
  });

  test('no step is pending after migrate', async () => {
    const { db } = opened();
    expect(await db.pendingMigrations()).toEqual([]);
  });

  test('a right belongs to one holder at a time, until its time is over or it is given back', async () => {
    const { db, another } = opened();
    const other = await another();
    const name = `right-${aTable().table}`;
    expect(await db.claim(name, 'a', 60_000)).toBe(0);
    const busyMs = await other.claim(name, 'b', 60_000);
    expect(busyMs).toBeGreaterThan(0);
    expect(busyMs).toBeLessThanOrEqual(60_000);
    expect(await db.claim(name, 'a', 0)).toBe(0);
    expect(await other.claim(name, 'b', 60_000)).toBe(0);
    await other.close();
  });

  describe('where the clock of a process is five hours ahead', () => {
    const claimAhead = async (name: string, forMs: number): Promise<number> => {
      const ahead = Date.now() + 5 * 3_600_000;
      const clock = jest.spyOn(Date, 'now').mockReturnValue(ahead);
      try {
        return await opened().db.claim(name, 'ahead', forMs);
      } finally {
        clock.mockRestore();
      }
    };

    test.each([
      ['what it gave back is free', 0],
      ['what it has not given back is not believed for hours', 60_000],
    ])('%s', async (_what, lastMs) => {
      const name = `right-${aTable().table}`;
      expect(await claimAhead(name, 60_000)).toBe(0);
      expect(await claimAhead(name, lastMs)).toBe(0);
      expect(await opened().db.claim(name, 'b', 60_000)).toBe(0);
      // And what is right by its own clock still holds.
      expect(await opened().db.claim(name, 'c', 60_000)).toBeGreaterThan(0);
    });
  });

  test('a right is never taken for longer than it is believed', async () => {
    const { db } = opened();
    const name = `right-${aTable().table}`;
    expect(await db.claim(name, 'a', 24 * 3_600_000)).toBe(0);
    const busyMs = await db.claim(name, 'b', 60_000);
    expect(busyMs).toBeGreaterThan(0);
    expect(busyMs).toBeLessThanOrEqual(15 * 60_000);
  });

  test('spent credits are kept by process and minute, overwritten in place, and forgotten after two days', async () => {
    const { db } = opened();
    const name = aTable().table;
    const ours = async (since: Instant) =>
      (await db.readSpent(since)).filter((one) => one.process.startsWith(name));
    const a = {
      process: `${name}-a`,
      minute: at('10:00'),
      credits: 50,
      told: { at: at('10:00:09'), remaining: 70 },
    };
    const b = { process: `${name}-b`, minute: at('10:00'), credits: 3 };
    const next = { ...a, minute: at('10:01'), credits: 1, told: { at: at('10:01:09') } };
    await db.writeSpent([a, next]);
    await db.writeSpent([b]);
    await db.writeSpent([{ ...a, credits: 51 }]);
    const all = (await ours(at('10:00'))).sort(
      (x, y) => x.process.localeCompare(y.process) || x.minute - y.minute,
    );
    expect(all).toEqual([{ ...a, credits: 51 }, next, b]);
    expect(await ours(at('10:01'))).toEqual([next]);
    const later = { ...b, minute: instant(at('10:01') + 48 * 3_600_000) };
    await db.writeSpent([later]);
    expect((await ours(at('10:00'))).map(({ minute }) => minute).sort()).toEqual([next.minute, later.minute]);
  });

  test('migrations run twice, and two at once', async () => {
    const { db, another } = opened();
    const others = await Promise.all([another(), another()]);
    await Promise.all([db.migrate(), ...others.map((other) => other.migrate())]);
    await Promise.all(others.map((other) => other.close()));
    await db.ping();
  });

  test('a missing table is an error, not a heap of rejects, and no value is in its message', async () => {
    const { db, sql } = opened();
    const table = aTable();
    const first = merge(db, table, [live('1', '10:00', '10:00', ['Secret', null, null])]);
    await expect(first).rejects.toThrow(SchemaMismatchError);
    await db.ensureTable(table);
    await merge(db, table, [live('1', '10:00', '10:00')]);
    await sql(`DROP TABLE ${table.table}`);
    const dropped = await merge(db, table, [live('2', '10:00', '10:00', ['Secret', null, null])]).catch(
      (error: unknown) => error,
    );
    expect(dropped).toBeInstanceOf(DatabaseError);
    expect(dropped).toMatchObject({ verdict: 'permanent' });
    expect(String(dropped)).not.toContain('Secret');
  });
}
