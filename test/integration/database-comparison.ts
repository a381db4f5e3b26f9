// The part of the database suite about comparing: what an export showed beside what the table holds.
import type { DifferenceKind, DifferenceState, TargetTable } from '../../src/db';
import type { Observation } from '../../src/mirror/observation';
import { recordId } from '../../src/mirror/record-id';
import { ann, aTable, at, bob, gone, live, merge, rowsOf, type Opened } from './database-kit';

let runs = 0;

/** Keeps so many batches as one page of one export. */
async function compared(
  { db }: Opened,
  table: TargetTable,
  batches: readonly (readonly Observation[])[],
): Promise<string> {
  const runId = `run-${table.module}-${(runs += 1)}`;
  let from = 0;
  for (const [index, observations] of batches.entries()) {
    const to = from + observations.length;
    const complete = index === batches.length - 1;
    const checkpoint = { jobId: `job-${runId}`, from, to, complete };
    await db.comparison.keep(table, { runId, first: index === 0, observations, unreadable: [], checkpoint });
    from = to;
  }
  return runId;
}

const idsOnly = (table: TargetTable): TargetTable => ({ ...table, columns: [] });
const bare = (observations: readonly Observation[]): Observation[] =>
  observations.map((seen) => (seen.kind === 'live' ? { ...seen, values: [] } : seen));

const open = (change: Partial<Record<DifferenceKind, number>>) => ({
  same: 0,
  missing: 0,
  stale: 0,
  extra: 0,
  ...change,
});

export function describeComparison(opened: () => Opened): void {
  const layouts: [string, Partial<TargetTable>][] = [
    ['soft', {}],
    ['hard', { deletes: 'hard' }],
    ['side table', { bookkeeping: 'side-table', deletes: 'hard', schema: 'extend' }],
  ];
  test.each(layouts)(
    'finds what is missing, stale, extra and foreign, batch by batch (%s)',
    async (_name, change) => {
      const { db, sql } = opened();
      const table = aTable(change);
      await db.ensureTable(table);
      await merge(db, table, [
        live('1', '10:00', '10:01'),
        live('2', '10:00', '10:01'),
        live('3', '10:00', '10:01'),
        live('4', '10:00', '10:01'),
        live('5', '10:00', '10:30'),
        gone('6', '10:20'),
      ]);
      await sql(`INSERT INTO ${table.table} (id, Last_Name) VALUES (8, 'Theirs'), (9, 'Ours')`);
      const before = await rowsOf(db, table);
      const shown = [
        live('1', '10:00', '10:10'),
        live('2', '10:05', '10:10'),
        live('3', '10:00', '10:10', bob),
        live('6', '10:00', '10:10'),
        live('7', '10:00', '10:10'),
        live('9', '10:00', '10:10'),
      ];
      const end = { before: at('10:10') };

      const byTime = await compared(opened(), idsOnly(table), [
        bare(shown.slice(0, 2)),
        bare(shown.slice(2)),
      ]);
      expect(await db.comparison.complete(table, { runId: byTime, ...end })).toEqual({
        foreign: 1,
        foreignSamples: ['8'],
        live: 5,
      });
      const found = await db.comparison.findings(byTime);
      // 5 was observed after the export.
      expect(found).toMatchObject({ compared: 7, open: open({ same: 2, missing: 3, stale: 1, extra: 1 }) });
      expect(await db.comparison.ids(byTime, { states: ['open'], limit: 10 })).toEqual([
        '2',
        '4',
        '6',
        '7',
        '9',
      ]);
      expect(await db.comparison.ids(byTime, { states: ['open'], after: recordId('2'), limit: 2 })).toEqual([
        '4',
        '6',
      ]);
      expect(await db.comparison.ids(byTime, { states: ['open'], kind: 'extra', limit: 10 })).toEqual(['4']);

      const byFields = await compared(opened(), table, [shown]);
      await db.comparison.complete(table, { runId: byFields, ...end });
      expect((await db.comparison.findings(byFields)).open).toEqual(
        open({ same: 1, missing: 3, stale: 2, extra: 1 }),
      );
      expect(await rowsOf(db, table)).toEqual(before);
      for (const runId of [byTime, byFields]) await db.comparison.drop(runId);
    },
  );

  test('judges observations made now beside the rows as they are now, to the letter', async () => {
    const { db } = opened();
    const table = aTable();
    await db.ensureTable(table);
    await merge(db, table, [
      live('1', '10:00', '10:01', ann),
      live('2', '10:00', '10:01', ann),
      live('3', '10:00', '10:01', [null, null, null]),
      live('4', '10:00', '10:01'),
    ]);
    const kinds = await db.comparison.judge(table, [
      live('1', '10:00', '11:00', ['ann', '1.50', '1']),
      live('2', '10:00', '11:00', ['Ann ', '1.50', '1']),
      live('3', '10:00', '11:00', [null, null, null]),
      gone('4', '11:00'),
      gone('5', '11:00'),
      live('6', '10:00', '11:00'),
    ]);
    expect([...kinds].sort()).toEqual([
      ['1', 'stale'],
      ['2', 'stale'],
      ['3', 'same'],
      ['4', 'extra'],
      ['5', 'same'],
      ['6', 'missing'],
    ]);
  });

  test('a page that is taken again replaces what it had kept, a zombie stops, a run that starts again forgets', async () => {
    const { db } = opened();
    const table = aTable();
    await db.ensureTable(table);
    await merge(db, table, [live('1', '10:00', '10:01')]);
    const runId = await compared(opened(), table, [
      [live('1', '10:05', '10:10'), live('2', '10:00', '10:10')],
    ]);
    const kept = {
      runId,
      first: false,
      observations: [live('1', '10:00', '10:10')],
      unreadable: [recordId('3')],
      checkpoint: { jobId: `again-${runId}`, from: 0, to: 2, complete: true },
    };
    await db.comparison.keep(table, kept);
    expect((await db.comparison.findings(runId)).open).toEqual(open({ same: 1, missing: 1, stale: 1 }));
    await expect(db.comparison.keep(table, kept)).rejects.toThrow('again-');
    await db.comparison.keep(table, {
      ...kept,
      first: true,
      unreadable: [],
      checkpoint: { ...kept.checkpoint, jobId: `anew-${runId}` },
    });
    expect((await db.comparison.findings(runId)).open).toEqual(open({ same: 1 }));
    await db.comparison.drop(runId);
    await expect(db.comparison.findings(runId)).rejects.toThrow('start it again');
  });

  test('every open reject is counted: of a record that differs, that does not, and that neither side has', async () => {
    const { db } = opened();
    const table = aTable();
    await db.ensureTable(table);
    await merge(db, table, [live('1', '10:00', '10:01'), live('6', '10:05', '10:01')]);
    const reject = { reason: 'not a date', raw: '{}', observedAt: at('10:02') };
    const rejects = [
      { ...reject, id: '3', modifiedAt: at('10:05') },
      { ...reject, id: '6' },
    ];
    await merge(db, table, [], { rejects: [...rejects, { ...reject, id: '7' }, reject] });
    expect([...(await db.comparison.rejected(table.module, ['1', '3', '6'].map(recordId)))]).toEqual([
      ['3', at('10:05')],
      ['6', undefined],
    ]);
    const shown = ['1', '3', '4', '5', '6'].map((id) => live(id, '10:05', '10:10'));
    const runId = await compared(opened(), table, [shown]);
    await db.comparison.complete(table, { runId, before: at('10:10') });
    const idsOf = (states: readonly DifferenceState[]) => db.comparison.ids(runId, { states, limit: 10 });
    expect(await idsOf(['open'])).toEqual(['1', '3', '4', '5']);
    expect(await idsOf(['open', 'rejected'])).toEqual(['1', '3', '4', '5', '6', '7']);
    await db.comparison.settle(runId, [
      { id: recordId('1'), kind: 'stale', state: 'real' },
      { id: recordId('3'), kind: 'missing', state: 'rejected' },
      { id: recordId('4'), kind: 'missing', state: 'real' },
      { id: recordId('5'), kind: 'same', state: 'open' },
    ]);
    await db.comparison.mend(runId, [recordId('4')]);
    expect(await db.comparison.findings(runId)).toMatchObject({
      rejected: 3,
      real: open({ stale: 1 }),
      repaired: open({ missing: 1 }),
      samples: { missing: ['4'], stale: ['1'], rejected: ['3', '6', '7'] },
    });
    await db.comparison.drop(runId);
  });

  test.each(layouts)(
    'a later Modified_Time is taken back only if both registers are as they were (%s)',
    async (_name, change) => {
      const { db } = opened();
      const table = aTable(change);
      await db.ensureTable(table);
      await merge(db, table, [live('1', '10:30', '10:01'), live('2', '10:30', '10:02')]);
      const stored = { modifiedAt: at('10:30'), observedAt: at('10:01') };
      await merge(db, table, [live('1', '10:00', '10:40', bob), live('2', '10:00', '10:40', bob)], {
        takeBack: ['1', '2'].map((id) => ({ id: recordId(id), stored, to: at('10:00') })),
      });
      expect(await rowsOf(db, table)).toEqual([
        '1 Bob,2.00,0 m=10:00:00.000 o=10:40:00.000 d=-',
        '2 Ann,1.50,1 m=10:30:00.000 o=10:02:00.000 d=-',
      ]);
    },
  );
}
