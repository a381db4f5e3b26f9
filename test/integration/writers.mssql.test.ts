// Two writers at once on SQL Server: whatever way they come to each other, they end as the law says, and as if one had come alone.
import { DatabaseError, openDatabase, SupersededError, type Database, type TargetTable } from '../../src/db';
import { connectMssql, mssqlDialect, mssqlSettings } from '../../src/db/mssql';
import { createDatabase } from '../../src/db/store';
import { instant } from '../../src/mirror/instant';
import type { Observation } from '../../src/mirror/observation';
import { recordId } from '../../src/mirror/record-id';
import { LawModel } from '../support/law-model';
import { aTable, ann, bob, merge, modelState, rowsOf, start, stateOf } from './database-kit';
import { testUrl } from './mssql-server';

let first: Database;
let second: Database;
beforeAll(async () => {
  first = await openDatabase(testUrl());
  second = await openDatabase(testUrl());
  await first.migrate();
});
afterAll(async () => Promise.all([first?.close(), second?.close()]));

async function made(change: Partial<TargetTable> = {}): Promise<TargetTable> {
  const table = aTable(change);
  await first.ensureTable(table);
  return table;
}

const attempts = 20;

/** What Temporal does with an activity: who gave way to somebody else is tried again. */
async function persistent<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseError && error.verdict === 'retry') || attempt === attempts) throw error;
    }
}

const seen = (id: number, minutes: { m: number; o: number }, values = ann): Observation => ({
  kind: 'live',
  id: recordId(String(id)),
  modifiedAt: instant(start + minutes.m * 60_000),
  observedAt: instant(start + minutes.o * 60_000),
  values,
});
const absent = (id: number, minute: number): Observation => ({
  kind: 'gone',
  id: recordId(String(id)),
  observedAt: instant(start + minute * 60_000),
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const chunks = <T>(all: readonly T[], size: number): T[][] =>
  all.length === 0 ? [] : [all.slice(0, size), ...chunks(all.slice(size), size)];

const pageRows = 600;
const batchRows = 100;

/** A page as an activity loads it: behind the checkpoint, batch by batch; who is overtaken looks again where the page stands. */
async function loadPage(db: Database, table: TargetTable, rows: readonly Observation[]): Promise<void> {
  const jobId = `job-${table.table}`;
  for (;;) {
    const { rowsDone = 0, complete = false } = (await db.checkpoint(jobId)) ?? {};
    if (complete) return;
    const to = Math.min(rowsDone + batchRows, rows.length);
    const checkpoint = { jobId, from: rowsDone, to, complete: to === rows.length };
    await persistent(() =>
      merge(db, table, rows.slice(rowsDone, to), { fromExport: true, checkpoint }),
    ).catch((error: unknown) => {
      if (!(error instanceof SupersededError)) throw error;
    });
  }
}

test('a zombie attempt beside its retry: each batch goes in once, whoever brings it', async () => {
  const table = await made();
  const rows = numbers(pageRows).map((id) => seen(id, { m: 0, o: 10 }));
  await Promise.all([loadPage(first, table, rows), loadPage(second, table, rows)]);
  expect(await first.checkpoint(`job-${table.table}`)).toMatchObject({
    rowsDone: pageRows,
    complete: true,
    counts: { read: pageRows, inserted: pageRows, updated: 0, unchanged: 0, rejected: 0 },
  });
  expect((await first.count(table)).live).toBe(pageRows);
});

test('two workers on two modules do not wait for each other, nor mix anything up', async () => {
  const [one, other] = [await made(), await made({ deletes: 'hard' })];
  const ones = numbers(pageRows).map((id) => seen(id, { m: 0, o: 10 }));
  const others = numbers(pageRows).map((id) => seen(id, { m: 0, o: 10 }, bob));
  await Promise.all([
    loadPage(first, one, ones),
    loadPage(second, other, others),
    persistent(() => merge(first, other, [absent(1, 20)])),
  ]);
  expect(await first.count(one)).toMatchObject({ live: pageRows, rejected: 0 });
  expect(await first.count(other)).toMatchObject({ live: pageRows - 1, rejected: 0 });
  expect((await rowsOf(first, other))[0]).toMatch(/^2 Bob/);
});

/** A database whose merges stand still before their commit, until they are let go. */
function standingStill(): { db: Database; stands: Promise<void>; letGo: () => void } {
  let letGo = (): void => undefined;
  let standing = (): void => undefined;
  const stands = new Promise<void>((resolve) => (standing = resolve));
  const until = new Promise<void>((resolve) => (letGo = resolve));
  const db = createDatabase(connectMssql(mssqlSettings(testUrl())), {
    ...mssqlDialect,
    openMerge: async (trx, layout) => {
      const session = await mssqlDialect.openMerge(trx, layout);
      return {
        ...session,
        close: async () => {
          standing();
          await until;
          await session.close();
        },
      };
    },
  });
  return { db, stands, letGo };
}

test('of two modules, one that stands still in its transaction does not hold up the other', async () => {
  const [one, other] = [await made(), await made()];
  const { db, stands, letGo } = standingStill();
  const slow = merge(db, one, [seen(1, { m: 6, o: 6 })]);
  await stands;
  expect((await merge(second, other, [seen(2, { m: 6, o: 6 })])).counts.inserted).toBe(1);
  letGo();
  expect((await slow).counts.inserted).toBe(1);
  await db.close();
});

test.each(['soft', 'hard'] as const)(
  'a load beside notifications, with %s deletion, ends as the law says',
  async (deletes) => {
    const table = await made({ deletes });
    const ids = numbers(pageRows);
    const exported = ids.map((id) => seen(id, { m: id % 7, o: 10 }));
    const notified = ids.flatMap((id) => [
      ...(id % 3 === 0 ? [seen(id, { m: 11, o: 11 + (id % 5) }, bob)] : []),
      ...(id % 5 === 0 ? [absent(id, 12)] : []),
      ...(id % 15 === 0 ? [seen(id, { m: 11, o: 9 + (id % 6) }, ['Cy', null, null])] : []),
    ]);
    const follow = async (): Promise<void> => {
      for (const batch of chunks(notified, 17)) await persistent(() => merge(second, table, batch));
    };
    await Promise.all([loadPage(first, table, exported), follow()]);
    const law = new LawModel(deletes);
    law.merge([...exported, ...notified]);
    const all = ids.map(String);
    expect(await stateOf(first, table, all)).toEqual(modelState(law, all));
  },
);

test('two writers of the same records in opposite orders end equal, and neither gives up', async () => {
  const table = await made();
  const ids = numbers(200);
  await merge(
    first,
    table,
    ids.map((id) => seen(id, { m: 0, o: 0 })),
  );
  const up = chunks(
    ids.map((id) => seen(id, { m: 1, o: 1 + (id % 2) }, bob)),
    13,
  );
  const down = chunks(
    [...ids].reverse().map((id) => seen(id, { m: 1, o: 2 - (id % 2) })),
    13,
  );
  const write = async (db: Database, batches: readonly Observation[][]): Promise<void> => {
    for (const batch of batches) await persistent(() => merge(db, table, batch));
  };
  await Promise.all([write(first, up), write(second, down)]);
  const law = new LawModel('soft');
  law.merge([...up.flat(), ...down.flat()]);
  const all = ids.map(String);
  expect(await stateOf(first, table, all)).toEqual(modelState(law, all));
});
