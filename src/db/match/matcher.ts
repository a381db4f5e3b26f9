// Keeps the promises of `matching.ts` on top of a dialect: set against set, so neither side is ever in memory.
import type { Knex } from 'knex';
import { noCounts } from '../../contracts';
import type { Instant } from '../../mirror/instant';
import type { Observation } from '../../mirror/observation';
import { recordId, type RecordId } from '../../mirror/record-id';
import type { Context } from '../context';
import type { Dialect } from '../dialect';
import { DatabaseError } from '../errors';
import type { Layout } from '../layout';
import { listOf, pieces } from '../pieces';
import type { TargetTable } from '../target';
import type { AmbiguousRecord, Matched, Matching, OfferedBatch } from './matching';

type Row = Record<string, unknown>;

/** A row of an old table is locked for as long as a transaction of this size takes. */
const adoptedAtOnce = 5_000;
const insertedAtOnce = 100;
/** What a candidate's column takes; longer texts are nobody's key. */
const longestValue = 400;

/** What was matched, and by what: another choice is another matching. */
const choiceOf = ({ table, key, match = [] }: TargetTable): string => JSON.stringify([table, key, ...match]);

export function createMatching({ knex, dialect, ledger, layout, read, write, now }: Context): Matching {
  const done = dialect.own('match_done');

  const offer = async (table: TargetTable, batch: OfferedBatch): Promise<void> =>
    write(async (trx) => {
      await ledger.claim(trx, batch.checkpoint);
      await offerWithin(trx, dialect, { table, ...batch });
      await ledger.advance(trx, batch.checkpoint, noCounts());
    }, batch.signal);

  const adopt = async (table: TargetTable, signal?: AbortSignal): Promise<Matched> => {
    const found = await layout(table);
    const { module } = table;
    const ambiguous = await write((trx) => sortOut(trx, dialect, { table, layout: found, at: now() }));
    let adopted = 0;
    for (;;) {
      signal?.throwIfAborted();
      const some = await write((trx) => adoptSome(trx, dialect, { table, layout: found }));
      adopted += some.adopted;
      if (some.taken === 0) break;
    }
    await write(async (trx) => {
      await trx(done).where({ module }).delete();
      const matched_by = choiceOf(table);
      await trx(done).insert({ module, matched_by, adopted, ambiguous, done_at: dialect.writeTime(now()) });
    });
    return { adopted, ambiguous };
  };

  return {
    settled: async (table) => {
      if ((table.match ?? []).length === 0) return true;
      const row = await read(async () => (await knex(done).where({ module: table.module }).first()) as Row);
      return row?.matched_by === choiceOf(table);
    },
    offer,
    adopt,
    ambiguous: (module, limit) =>
      read(async () => {
        const rows = (await knex.raw(
          `SELECT ${dialect.page(limit).top} CAST(a.id AS varchar(20)) AS id, a.rows_found, a.records_found
             FROM ${dialect.own('match_ambiguous')} a WHERE a.module = ? ORDER BY a.id ${dialect.page(limit).limit}`,
          [module],
        )) as Row[];
        return rows.map((row): AmbiguousRecord => ({
          id: recordId(row.id),
          rows: Number(row.rows_found),
          records: Number(row.records_found),
        }));
      }),
  };
}

/** Keeps what the records are matched by; a page may come twice. */
export async function offerWithin(
  trx: Knex.Transaction,
  dialect: Dialect,
  { table, observations, first }: Pick<OfferedBatch, 'observations' | 'first'> & { table: TargetTable },
): Promise<void> {
  const { module, match = [] } = table;
  if (match.length === 0) return;
  const candidates = dialect.own('match_candidate');
  if (first) {
    await trx(candidates).where({ module }).delete();
    await trx(dialect.own('match_ambiguous')).where({ module }).delete();
  }
  const places = match.map((name) => table.columns.findIndex((column) => column.name === name));
  const rows = new Map<RecordId, Row>();
  for (const observation of observations) {
    const values = valuesAt(observation, places);
    if (values) rows.set(observation.id, { module, id: observation.id, ...named(values) });
  }
  for (const some of pieces([...rows], insertedAtOnce)) {
    const ids = listOf(some.map(([id]) => id));
    await trx.raw(`DELETE FROM ${candidates} WHERE module = ? AND id IN (${ids})`, [module]);
    await trx(candidates).insert(some.map(([, row]) => row));
  }
}

/** Undefined unless the record has something in every column. */
function valuesAt(observation: Observation, places: readonly number[]): string[] | undefined {
  if (observation.kind !== 'live') return undefined;
  const values = places.map((place) => observation.values[place]?.trim() ?? '');
  return values.every((value) => value !== '' && value.length <= longestValue) ? values : undefined;
}

const named = (values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, i) => [`v${i}`, value]));

interface Sides {
  table: TargetTable;
  layout: Layout;
  /** The key column is not there yet, so no row has an id. */
  keyless?: boolean;
}

/** SQL of both sides, folded alike: old rows and candidates, grouped by what they are matched by. */
function sidesOf(dialect: Dialect, { table, layout, keyless = false }: Sides) {
  const { match = [], columns } = table;
  const target = dialect.target(table.table);
  const key = dialect.quote(layout.key.name);
  const old = match.map((name) => {
    const i = columns.findIndex((column) => column.name === name);
    const [wanted, actual] = [columns[i]!, layout.columns[i]!];
    return dialect.folded(dialect.canonical(`t.${dialect.quote(actual.name)}`, wanted.type, actual));
  });
  const candidate = match.map((_, i) => dialect.folded(`c.v${i}`));
  const list = (expressions: readonly string[]): string =>
    expressions.map((expression, i) => `${expression} AS v${i}`).join(', ');
  const free = keyless ? '1 = 1' : `t.${key} IS NULL`;
  const candidates = dialect.own('match_candidate');
  const rows = `SELECT ${list(old)}, count(*) AS n FROM ${target} t WHERE ${[free, ...old.map((one) => `${one} <> ''`)].join(' AND ')} GROUP BY ${old.join(', ')}`;
  const records = `SELECT ${list(candidate)}, count(*) AS n, min(c.id) AS id FROM ${candidates} c WHERE c.module = ? GROUP BY ${candidate.join(', ')}`;
  const same = match.map((_, i) => `o.v${i} = r.v${i}`).join(' AND ');
  return {
    target,
    key,
    free,
    old,
    candidate,
    candidates,
    /** Takes the module as its one parameter. */
    groups: `(SELECT r.id, r.n AS records_found, o.n AS rows_found, ${match.map((_, i) => `r.v${i}`).join(', ')} FROM (${records}) r JOIN (${rows}) o ON ${same})`,
  };
}

/** Lists what is ambiguous, and leaves just the candidates of which each is one row's only one. Writes no target. */
export async function sortOut(
  trx: Knex.Transaction,
  dialect: Dialect,
  sides: Sides & { at: Instant },
): Promise<number> {
  const { module } = sides.table;
  const { target, key, candidate, candidates, groups } = sidesOf(dialect, sides);
  const listed = dialect.own('match_ambiguous');
  if (!sides.keyless)
    await trx.raw(
      `DELETE FROM ${candidates} WHERE module = ? AND EXISTS (SELECT 1 FROM ${target} t WHERE t.${key} = ${candidates}.id)`,
      [module],
    );
  await trx.raw(
    `INSERT INTO ${listed} (module, id, rows_found, records_found, found_at)
     SELECT ?, c.id, g.rows_found, g.records_found, ?
       FROM ${candidates} c JOIN ${groups} g ON ${candidate.map((one, i) => `${one} = g.v${i}`).join(' AND ')}
      WHERE c.module = ? AND (g.rows_found > 1 OR g.records_found > 1)
        AND NOT EXISTS (SELECT 1 FROM ${listed} a WHERE a.module = c.module AND a.id = c.id)`,
    [module, dialect.writeTime(sides.at), module, module],
  );
  await trx.raw(
    `DELETE FROM ${candidates} WHERE module = ? AND id NOT IN (SELECT g.id FROM ${groups} g WHERE g.rows_found = 1 AND g.records_found = 1)`,
    [module, module],
  );
  return countOf(trx, listed, module);
}

export async function countOf(trx: Knex, table: string, module: string): Promise<number> {
  const [row] = (await trx(table).where({ module }).count({ n: '*' })) as { n: unknown }[];
  return Number(row?.n ?? 0);
}

/** A row that has got another value meanwhile is left alone. */
async function adoptSome(
  trx: Knex.Transaction,
  dialect: Dialect,
  sides: { table: TargetTable; layout: Layout },
): Promise<{ taken: number; adopted: number }> {
  const { module } = sides.table;
  const { target, key, free, old, candidate, candidates } = sidesOf(dialect, sides);
  const page = dialect.page(adoptedAtOnce);
  const [bounds] = (await trx.raw(
    `SELECT count(*) AS n, CAST(max(x.id) AS varchar(20)) AS last
       FROM (SELECT ${page.top} c.id FROM ${candidates} c WHERE c.module = ? ORDER BY c.id ${page.limit}) x`,
    [module],
  )) as Row[];
  const taken = Number(bounds?.n ?? 0);
  if (taken === 0) return { taken, adopted: 0 };
  const upTo = recordId(bounds?.last);
  const values = candidate.map((one, i) => `${one} AS v${i}`).join(', ');
  const update = dialect.updateFrom({
    target,
    set: `${key} = p.id`,
    from: `(SELECT c.id, ${values} FROM ${candidates} c WHERE c.module = ? AND c.id <= ${upTo})`,
    on: [free, ...old.map((one, i) => `${one} = p.v${i}`)].join(' AND '),
  });
  await trx.raw(update, [module]).catch((error: unknown) => {
    const { kind, means, code } = dialect.classify(error);
    if (kind !== 'row') throw error;
    throw new DatabaseError(
      'permanent',
      `Old rows cannot be given their ids: refused by ${means} (${code})`,
      code,
    );
  });
  const [given] = (await trx.raw(
    `SELECT count(*) AS n FROM ${candidates} c WHERE c.module = ? AND c.id <= ${upTo} AND EXISTS (SELECT 1 FROM ${target} t WHERE t.${key} = c.id)`,
    [module],
  )) as Row[];
  await trx.raw(`DELETE FROM ${candidates} WHERE module = ? AND id <= ${upTo}`, [module]);
  return { taken, adopted: Number(given?.n ?? 0) };
}
