// Keeps the promises of `preview.ts`, with the tables in which comparisons and matchings keep what they saw.
import type { Knex } from 'knex';
import { noCounts, type Previewed } from '../../contracts';
import type { Instant } from '../../mirror/instant';
import type { LiveObservation } from '../../mirror/observation';
import { isRecordId, recordId, type RecordId } from '../../mirror/record-id';
import { kindCodes, stateCodes } from '../compare/comparison';
import { beginRun, expectRun } from '../compare/comparison-run';
import type { Context } from '../context';
import type { Dialect } from '../dialect';
import { combine } from '../fold';
import { countOf, offerWithin, sortOut } from '../match/matcher';
import { listOf, pieces } from '../pieces';
import { refusal } from '../table/limits';
import type { TargetTable } from '../target';
import { tableAsItIs, type AsItIs } from './existing-table';
import type { Preview, PreviewedBatch } from './preview';

type Row = Record<string, unknown>;
const samplesOfAKind = 20;
const rowsPerStatement = 100;

/** Old rows are matched for a look only: apart from a matching that is under way. */
const apart = (table: TargetTable, runId: string): TargetTable => ({ ...table, module: `preview:${runId}` });

export function createPreview({ dialect, ledger, write, now }: Context): Preview {
  const rows = dialect.own('comparison_row');

  const keep = async (table: TargetTable, batch: PreviewedBatch): Promise<void> =>
    write(async (trx) => {
      await ledger.claim(trx, batch.checkpoint);
      if (batch.first) await beginRun(trx, dialect, { module: table.module, runId: batch.runId, at: now() });
      const found = await tableAsItIs(trx, dialect, table);
      const { fitting, refused } = sorted(found, batch);
      await keepFitting(trx, dialect, { found, fitting, runId: batch.runId });
      await keepRefused(trx, dialect, { refused, runId: batch.runId });
      await offerWithin(trx, dialect, {
        table: { ...apart(table, batch.runId), match: found?.table.match ?? [] },
        observations: fitting,
        first: batch.first,
      });
      const counts = { ...noCounts(), read: batch.checkpoint.to - batch.checkpoint.from };
      await ledger.advance(trx, batch.checkpoint, counts);
    }, batch.signal);

  const end = (table: TargetTable, runId: string): Promise<Previewed> =>
    write(async (trx) => {
      await expectRun(trx, dialect, runId);
      const found = await tableAsItIs(trx, dialect, table);
      const raw = async (sql: string): Promise<Row[]> =>
        (await trx.raw(sql, new Array<string>(sql.split('?').length - 1).fill(runId))) as Row[];
      const number = async (sql: string): Promise<number> => Number((await raw(sql))[0]?.n ?? 0);
      const kinds = await raw(
        `SELECT c.kind AS kind, count(*) AS n FROM ${rows} c WHERE c.run_id = ? AND c.state = ${stateCodes.open} GROUP BY c.kind`,
      );
      const of = (kind: keyof typeof kindCodes): number =>
        Number(kinds.find((row) => Number(row.kind) === kindCodes[kind])?.n ?? 0);
      const ids = async (sql: string): Promise<RecordId[]> => (await raw(sql)).map((row) => recordId(row.id));
      const page = dialect.page(samplesOfAKind);
      const matched = await matchedBy(trx, dialect, { found, runId, at: now() });
      const beside = await rowsBeside(dialect, found, { rows, number, ids });
      const by = await raw(
        `SELECT x.column_name AS name, count(*) AS n FROM ${dialect.own('comparison_reject')} x WHERE x.run_id = ? GROUP BY x.column_name`,
      );
      const rejectedBy = Object.fromEntries(by.map((row) => [String(row.name), Number(row.n)]));
      return {
        inserted: of('missing') - beside.byId - beside.revived - matched.count,
        updated: of('stale') + beside.revived,
        unchanged: of('same'),
        adopted: beside.byId + matched.count,
        matched: matched.count,
        ambiguous: matched.ambiguous,
        rejected: Object.values(rejectedBy).reduce((sum, n) => sum + n, 0),
        rejectedBy,
        foreign: beside.foreign - matched.count,
        unseen: beside.unseen,
        samples: {
          foreign: beside.samples,
          ambiguous: matched.samples,
          rejected: await ids(
            `SELECT ${page.top} CAST(c.id AS varchar(20)) AS id FROM ${rows} c WHERE c.run_id = ? AND c.state = ${stateCodes.rejected} ORDER BY c.id ${page.limit}`,
          ),
        },
      };
    });

  return { keep, end };
}

interface Refused {
  /** Of a row whose id could not be read: where in the export it is. */
  key: string;
  column: string;
}

function sorted(
  found: AsItIs | undefined,
  { observations, rejects, checkpoint }: PreviewedBatch,
): { fitting: LiveObservation[]; refused: Refused[] } {
  const refused = rejects.map(({ id, column = '' }, i) => ({
    key: id ?? `${checkpoint.jobId}/${checkpoint.from}/${i}`,
    column,
  }));
  const fitting: LiveObservation[] = [];
  for (const one of observations) {
    if (one.kind !== 'live') continue;
    const misfit =
      found &&
      refusal(
        found.layout,
        found.there.map((place) => one.values[place] ?? null),
      );
    if (misfit === undefined) fitting.push(one);
    else refused.push({ key: one.id, column: misfit.column });
  }
  return { fitting, refused };
}

async function keepFitting(
  trx: Knex.Transaction,
  dialect: Dialect,
  { found, fitting, runId }: { found: AsItIs | undefined; fitting: LiveObservation[]; runId: string },
): Promise<void> {
  const rows = dialect.own('comparison_row');
  if (found === undefined || found.keyless) {
    const ids = [...new Set(fitting.map(({ id }) => id))];
    return keepIds(trx, dialect, { runId, ids, state: 'open' });
  }
  const session = await dialect.openCompare(trx, found.layout);
  const narrowed = fitting.map((one) => ({
    ...one,
    values: found.there.map((place) => one.values[place] ?? null),
  }));
  for (const some of pieces(combine(narrowed), dialect.chunk)) await session.keep(some, runId);
  await session.close();
  // What has a value for a column that is still to come would be written.
  const more = fitting.filter(({ values }) => found.missing.some((place) => values[place] !== null));
  for (const some of pieces(more))
    await trx.raw(
      `UPDATE ${rows} SET kind = ${kindCodes.stale} WHERE run_id = ? AND kind = ${kindCodes.same} AND id IN (${listOf(some.map(({ id }) => id))})`,
      [runId],
    );
}

async function keepRefused(
  trx: Knex.Transaction,
  dialect: Dialect,
  { refused, runId }: { refused: readonly Refused[]; runId: string },
): Promise<void> {
  const own = dialect.own('comparison_reject');
  const once = [...new Map(refused.map((one) => [one.key, one])).values()];
  for (const some of pieces(once, rowsPerStatement)) {
    await trx(own)
      .where({ run_id: runId })
      .whereIn(
        'row_key',
        some.map(({ key }) => key),
      )
      .delete();
    await trx(own).insert(
      some.map(({ key, column }) => ({ run_id: runId, row_key: key, column_name: column.slice(0, 130) })),
    );
  }
  const ids = once.flatMap(({ key }) => (isRecordId(key) ? [key] : []));
  await keepIds(trx, dialect, { runId, ids, state: 'rejected' });
}

async function keepIds(
  trx: Knex.Transaction,
  dialect: Dialect,
  { runId, ids, state }: { runId: string; ids: readonly RecordId[]; state: 'open' | 'rejected' },
): Promise<void> {
  const rows = dialect.own('comparison_row');
  const line = { run_id: runId, kind: kindCodes.missing, state: stateCodes[state] };
  for (const some of pieces(ids, rowsPerStatement)) {
    await trx.raw(`DELETE FROM ${rows} WHERE run_id = ? AND id IN (${listOf(some)})`, [runId]);
    await trx(rows).insert(some.map((id) => ({ ...line, id })));
  }
}

/** Old rows that would be found by `match`. */
async function matchedBy(
  trx: Knex.Transaction,
  dialect: Dialect,
  { found, runId, at }: { found: AsItIs | undefined; runId: string; at: Instant },
): Promise<{ count: number; ambiguous: number; samples: RecordId[] }> {
  if (found === undefined || (found.table.match ?? []).length === 0)
    return { count: 0, ambiguous: 0, samples: [] };
  const { layout, keyless } = found;
  const table = apart(found.table, runId);
  const { module } = table;
  const ambiguous = await sortOut(trx, dialect, { table, layout, keyless, at });
  const count = await countOf(trx, dialect.own('match_candidate'), module);
  const page = dialect.page(samplesOfAKind);
  const listed = dialect.own('match_ambiguous');
  const samples = (await trx.raw(
    `SELECT ${page.top} CAST(a.id AS varchar(20)) AS id FROM ${listed} a WHERE a.module = ? ORDER BY a.id ${page.limit}`,
    [module],
  )) as Row[];
  for (const own of ['match_candidate', 'match_ambiguous'] as const)
    await trx(dialect.own(own)).where({ module }).delete();
  return { count, ambiguous, samples: samples.map((row) => recordId(row.id)) };
}

interface Asking {
  rows: string;
  number: (sql: string) => Promise<number>;
  ids: (sql: string) => Promise<RecordId[]>;
}

/** The table's own rows beside what the export showed. */
async function rowsBeside(
  dialect: Dialect,
  found: AsItIs | undefined,
  { rows, number, ids }: Asking,
): Promise<{ byId: number; revived: number; foreign: number; unseen: number; samples: RecordId[] }> {
  if (found === undefined) return { byId: 0, revived: 0, foreign: 0, unseen: 0, samples: [] };
  const { t, join, key, id, o, d } = dialect.registers(found.layout);
  if (found.keyless) {
    const foreign = await number(`SELECT count(*) AS n FROM ${t} t`);
    return { byId: 0, revived: 0, foreign, unseen: 0, samples: [] };
  }
  const shown = `FROM ${rows} c JOIN ${t} t ON ${key} = c.id ${join}
    WHERE c.run_id = ? AND c.state = ${stateCodes.open} AND c.kind = ${kindCodes.missing}`;
  const unshown = `FROM ${t} t ${join} WHERE NOT EXISTS (SELECT 1 FROM ${rows} c WHERE c.run_id = ? AND c.id = ${key})`;
  const page = dialect.page(samplesOfAKind);
  return {
    byId: await number(`SELECT count(*) AS n ${shown} AND ${o} IS NULL`),
    revived: await number(`SELECT count(*) AS n ${shown} AND ${o} IS NOT NULL`),
    foreign: await number(`SELECT count(*) AS n ${unshown} AND ${o} IS NULL`),
    unseen: await number(`SELECT count(*) AS n ${unshown} AND ${o} IS NOT NULL AND ${d} IS NULL`),
    samples: await ids(
      `SELECT ${page.top} ${id} AS id ${unshown} AND ${o} IS NULL AND ${key} > 0 ORDER BY ${key} ${page.limit}`,
    ),
  };
}
