// Ways to break the product that must not go unnoticed. Each is a replacement in one source file, and says which seeds have to notice.
// The text must be there, or the run fails: a mutant that no longer applies proves nothing.

export type Detector =
  /** Random histories of the law, the comparison and damaged pages: `npm run test:law`. */
  | { kind: 'law' }
  /** Those of law and comparison on the SQL Server that TEST_MSSQL_URL names. */
  | { kind: 'law-mssql' }
  /** A random history with real processes. What these make of it depends on their speed, so there are several to try. */
  | { kind: 'chaos'; seeds: readonly number[] };

export interface Mutant {
  name: string;
  file: string;
  find: string;
  replace: string;
  /** How often `find` is there; all of them are replaced. */
  times?: number;
  detector: Detector;
}

const law: Detector = { kind: 'law' };
const lawMssql: Detector = { kind: 'law-mssql' };
const merge = 'src/db/sqlite/merge.ts';
const mergeMssql = 'src/db/mssql/merge.ts';
const chaos = (...seeds: number[]): Detector => ({ kind: 'chaos', seeds });

export const mutants: readonly Mutant[] = [
  {
    name: 'the tombstone is not looked at',
    file: merge,
    find: "x.final_o <> '' AND x.g <> '' AND max(x.final_m, x.final_o) <= x.g",
    replace: '0',
    detector: law,
  },
  {
    name: 'an equal Modified_Time with a newer observation is ignored',
    file: merge,
    find: '(m, o) > (stored_m, stored_o) AS newer',
    replace: 'm > stored_m AS newer',
    detector: law,
  },
  {
    name: 'a stale CSV row overwrites',
    file: merge,
    find: 'o IS NOT NULL AND (m, o) > (stored_m, stored_o) AS newer',
    replace: 'o IS NOT NULL AND (m, o) <> (stored_m, stored_o) AS newer',
    detector: law,
  },
  {
    name: 'a CSV row revives a record that has a tombstone',
    file: merge,
    find: ":fromExport AND g <> '' AND",
    replace: "0 AND :fromExport AND g <> '' AND",
    detector: law,
  },
  {
    name: 'times of different precision are compared as text',
    file: merge,
    find: "replace(${r}.${m}, 'Z', '.000Z')",
    replace: '${r}.${m}',
    detector: law,
  },
  {
    name: 'a hard deletion forgets how new the content was',
    file: merge,
    find: 'SELECT :module, id, g, CASE WHEN ${hard} AND dead THEN m END, CASE WHEN ${hard} AND dead THEN o END',
    replace: 'SELECT :module, id, g, NULL, NULL',
    detector: law,
  },
  {
    name: 'on SQL Server the tombstone is not looked at',
    file: mergeMssql,
    find: 'CASE WHEN x.final_o IS NOT NULL AND x.g IS NOT NULL AND x.final_m <= x.g AND x.final_o <= x.g THEN 1 ELSE 0 END',
    replace: '0',
    detector: lawMssql,
  },
  {
    name: 'on SQL Server a stale CSV row overwrites',
    file: mergeMssql,
    find: 'm > stored_m OR (m = stored_m AND o > stored_o)',
    replace: 'm <> stored_m OR o <> stored_o',
    detector: lawMssql,
  },
  {
    name: 'on SQL Server texts are compared as their collation has it',
    file: mergeMssql,
    find: '`${text} COLLATE Latin1_General_BIN2`',
    replace: 'text',
    detector: lawMssql,
  },
  {
    name: 'within a batch the last row wins',
    file: 'src/db/fold.ts',
    find: '|| beats(observation, entry.live)',
    replace: '|| entry.live !== observation',
    detector: law,
  },
  {
    name: 'a row that does not fit beats an older one that does',
    file: 'src/db/merge/fold-fitting.ts',
    find: `observations.filter((one) => one.kind === 'gone' || fits(one));`,
    replace: `combine(observations).flatMap(({ id, live, goneAt }): Observation[] => [
      ...(live !== undefined && fits(live) ? [live] : []),
      ...(goneAt === undefined ? [] : [{ kind: 'gone' as const, id, observedAt: goneAt }]),
    ]);`,
    detector: law,
  },
  {
    name: 'rows that the mirror never wrote are swept',
    file: 'src/db/read.ts',
    find: 'return `${this.#at.o} < ? AND',
    replace: "return `coalesce(${this.#at.o}, '') < ? AND",
    detector: law,
  },
  {
    name: 'rejects are counted and thrown away',
    file: 'src/db/merge/merge-flow.ts',
    find: 'await storeRejects(work.trx, work.dialect, { module, rejects: work.rejects, at });',
    replace: 'void storeRejects;',
    detector: law,
  },
  {
    name: 'a good row does not settle the reject',
    file: 'src/db/merge/merge-flow.ts',
    find: 'await work.session.settleRejects([...ids], at);',
    replace: '',
    detector: law,
  },
  {
    name: 'an older reject of a record stays open beside the newer one',
    file: merge,
    find: 'y.id = x.id AND y.observed_at > x.observed_at',
    replace: 'y.id = x.id AND 0',
    detector: law,
  },
  {
    name: 'the watermark moves backwards',
    file: 'src/db/own/ledger.ts',
    find: 'stored === undefined ? to : later(stored, to)',
    replace: 'later(to, to)',
    detector: law,
  },
  {
    name: 'a checkpoint without compare-and-set',
    file: 'src/db/own/ledger.ts',
    find: '.where({ ...key, rows_done: wanted.from })',
    replace: '.where(key)',
    detector: law,
  },
  {
    name: 'the checkpoint moves outside of the transaction',
    file: 'src/db/store.ts',
    find: 'const parts = { dialect, layout: found, ledger, request, now: now() };',
    replace: `const { checkpoint } = request;
            if (checkpoint !== undefined)
              await knex.transaction(async (trx) => {
                await ledger.claim(trx, checkpoint);
                await ledger.advance(trx, checkpoint, {
                  read: 0, inserted: 0, updated: 0, unchanged: 0, stale: 0, deleted: 0, rejected: 0,
                });
              });
            request = { ...request };
            delete request.checkpoint;
            const parts = { dialect, layout: found, ledger, request, now: now() };`,
    detector: law,
  },
  {
    name: 'a short page counts as complete',
    file: 'src/pages/parse.ts',
    find: 'if (rows !== plan.expectedRows)',
    replace: 'if (rows > plan.expectedRows)',
    detector: law,
  },
  {
    name: 'a page that ends too soon ends well, with what there is of its last row',
    file: 'src/pages/unzip.ts',
    find: "archive.on('error', (error: Error) => fail(archiveError(error)));",
    replace: "archive.on('error', () => void csv.end());",
    detector: law,
  },
  {
    name: 'the last batch goes out before the end of the archive is seen',
    file: 'src/pages/parse.ts',
    find: 'batch.to = rows;',
    replace: `batch.to = rows;
      if (rows === plan.expectedRows) {
        batch.add(read(record));
        yield batch.given(true);
        return;
      }`,
    detector: law,
  },
  {
    name: 'the checksum of a page is not looked at',
    file: 'src/pages/unzip.ts',
    find: 'tail.readUInt32LE(entry + 16) !== sum || ',
    replace: '',
    detector: law,
  },
  {
    name: 'not returned means deleted',
    file: 'src/activities/confirm-absent.ts',
    find: 'const listedAt = listed.get(id);',
    replace: 'const listedAt = listed.get(id) ?? askedAt;',
    detector: chaos(4, 14, 12),
  },
  {
    name: 'times are read without their offset',
    file: 'src/mirror/instant.ts',
    find: "Date.parse(text.replace(/([+-]\\d{2})(\\d{2})$/, '$1:$2'))",
    replace: 'Date.parse(`${text.slice(0, 19)}Z`)',
    detector: chaos(1, 2),
  },
  {
    name: 'a notification is answered 200 before Temporal has it',
    file: 'src/api/server.ts',
    find: 'await groups.take(',
    replace: 'void groups.take(',
    detector: chaos(12, 4, 9),
  },
  {
    name: 'continue-as-new forgets the hints that wait',
    file: 'src/workflows/notification-sync.ts',
    find: 'carried: { ...inbox.carry(), ',
    replace: 'carried: { ...inbox.carry(), pending: [], ',
    detector: chaos(3, 14, 49, 12, 26, 28, 33),
  },
  {
    name: 'the lost first page is exported again by itself, in another order',
    file: 'src/workflows/export-pages.ts',
    find: 'if (job.page === 1) throw otherChain();',
    replace: '',
    detector: chaos(82, 121, 133, 148, 20),
  },
  {
    name: 'the watermark moves at the start of the run',
    file: 'src/activities/runs.ts',
    find: 'const t0 = await zoho.receivedDate(cancellationSignal());',
    replace:
      'const t0 = await zoho.receivedDate(cancellationSignal());\n    await db.moveWatermark(module, t0);',
    detector: chaos(14, 15, 8),
  },
  {
    name: 'a catch-up does not read deletions',
    file: 'src/zoho/calls/deleted.ts',
    find: 'const records = data.map(',
    replace: 'const records = data.slice(0, 0).map(',
    detector: chaos(18, 11, 38),
  },
  {
    name: 'deletions that are no longer listed are taken for none',
    file: 'src/activities/runs.ts',
    find: 'if (parseInstant(to) - watermark > deletionsListedMs) {',
    replace: 'if (parseInstant(to) - watermark > 1_000 * deletionsListedMs) {',
    detector: chaos(3, 15, 26),
  },
  {
    name: 'an export without a row is believed',
    file: 'src/activities/unseen.ts',
    find: 'isMany(unseen) || (unseen.count > 0 && unseen.rows === 0)',
    replace: 'isMany(unseen)',
    detector: chaos(8, 10, 27),
  },
  {
    name: 'a comparison takes rows that the mirror never wrote for extra',
    file: 'src/db/compare/comparer.ts',
    find: 'WHERE ${o} < ? AND ${d} IS NULL AND ${unseen}',
    replace: "WHERE coalesce(${o}, '') < ? AND ${d} IS NULL AND ${unseen}",
    detector: law,
  },
  {
    name: 'what was refused once counts as refused for ever',
    file: 'src/activities/reconcile.ts',
    find: "return (refused.get(one.id) ?? now.modifiedAt) === now.modifiedAt ? { ...one, state: 'rejected' } : one;",
    replace: "return { ...one, state: 'rejected' };",
    detector: chaos(8, 14, 18),
  },
  {
    name: 'the weekly comparison does not see what was changed by hand',
    file: 'src/temporal/workflows.ts',
    find: 'repair: true, fields: true',
    replace: 'repair: true',
    detector: chaos(14, 26),
  },
  {
    name: 'a repair leaves a Modified_Time from the future as it is',
    file: 'src/activities/reconcile.ts',
    find: 'takeBack: takeBacks(seen),',
    replace: 'takeBack: takeBacks(seen).slice(0, 0),',
    detector: chaos(3, 5, 19),
  },
];
