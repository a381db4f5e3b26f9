// Keeps the promises of `comparison.ts` on top of a dialect.
import type { Knex } from 'knex';
import { noCounts } from '../../contracts';
import type { Instant } from '../../mirror/instant';
import { recordId, type RecordId } from '../../mirror/record-id';
import type { Context } from '../context';
import { combine } from '../fold';
import type { Layout } from '../layout';
import { listOf, pieces } from '../pieces';
import {
  kindCodes,
  kindOf,
  stateCodes,
  type ComparedBatch,
  type Comparison,
  type DifferenceKind,
  type DifferenceState,
  type Findings,
  type Judged,
} from './comparison';
import { beginRun, expectRun, forgetRun } from './comparison-run';

type Row = Record<string, unknown>;

const samplesOfAKind = 20;

export function createComparison(parts: Context): Comparison {
  const { knex, dialect, ledger, layout, read, write, now } = parts;
  const rows = dialect.own('comparison_row');
  const rejects = dialect.own('rejected_record');
  const raw = async (on: Knex, sql: string, bindings: readonly (string | number)[] = []): Promise<Row[]> =>
    (await on.raw(sql, [...bindings])) as Row[];

  const keep = async (trx: Knex.Transaction, found: Layout, batch: ComparedBatch): Promise<void> => {
    const { runId, checkpoint, observations, unreadable } = batch;
    await ledger.claim(trx, checkpoint);
    if (batch.first) await beginRun(trx, dialect, { module: found.table.module, runId, at: now() });
    const session = await dialect.openCompare(trx, found);
    for (const some of pieces(combine(observations), dialect.chunk)) await session.keep(some, runId);
    await session.close();
    for (const some of pieces(unreadable)) {
      await raw(trx, `DELETE FROM ${rows} WHERE run_id = ? AND id IN (${listOf(some)})`, [runId]);
      const line = { run_id: runId, kind: kindCodes.stale, state: stateCodes.open };
      for (const id of new Set(some)) await trx(rows).insert({ ...line, id });
    }
    const counts = { ...noCounts(), read: observations.length + unreadable.length };
    await ledger.advance(trx, checkpoint, counts);
  };

  const complete: Comparison['complete'] = async (table, { runId, before }) => {
    const found = await layout(table);
    const { t, join, key, id, o, d } = dialect.registers(found);
    const unseen = `NOT EXISTS (SELECT 1 FROM ${rows} c WHERE c.run_id = ? AND c.id = ${key})`;
    return write(async (trx) => {
      await expectRun(trx, dialect, runId);
      const live = await raw(
        trx,
        `SELECT count(*) AS n FROM ${t} t ${join} WHERE ${o} IS NOT NULL AND ${d} IS NULL`,
      );
      await raw(
        trx,
        `INSERT INTO ${rows} (run_id, id, kind, state)
         SELECT ?, ${key}, ${kindCodes.extra}, ${stateCodes.open} FROM ${t} t ${join}
          WHERE ${o} < ? AND ${d} IS NULL AND ${unseen}`,
        [runId, dialect.targetTime(before, 'milliseconds'), runId],
      );
      await raw(
        trx,
        `UPDATE ${rows} SET state = ${stateCodes.rejected}
          WHERE run_id = ? AND kind = ${kindCodes.same} AND EXISTS (
            SELECT 1 FROM ${rejects} x WHERE x.module = ? AND x.resolved_at IS NULL AND x.id = CAST(${rows}.id AS varchar(20)))`,
        [runId, table.module],
      );
      await raw(
        trx,
        `INSERT INTO ${rows} (run_id, id, kind, state)
         SELECT DISTINCT ?, CAST(x.id AS bigint), ${kindCodes.same}, ${stateCodes.rejected} FROM ${rejects} x
          WHERE x.module = ? AND x.resolved_at IS NULL AND x.id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM ${rows} c WHERE c.run_id = ? AND c.id = CAST(x.id AS bigint))`,
        [runId, table.module, runId],
      );
      const foreign = await raw(
        trx,
        `SELECT count(*) AS n FROM ${t} t ${join} WHERE ${o} IS NULL AND ${unseen}`,
        [runId],
      );
      const page = dialect.page(samplesOfAKind);
      const some = await raw(
        trx,
        `SELECT ${page.top} ${id} AS id FROM ${t} t ${join} WHERE ${o} IS NULL AND ${key} > 0 AND ${unseen} ORDER BY ${key} ${page.limit}`,
        [runId],
      );
      return {
        live: Number(live[0]?.n ?? 0),
        foreign: Number(foreign[0]?.n ?? 0),
        foreignSamples: some.map((row) => recordId(row.id)),
      };
    });
  };

  const ids: Comparison['ids'] = (runId, { states, kind, after, limit }) =>
    read(async () => {
      const page = dialect.page(limit);
      const kinds =
        kind === undefined
          ? `(c.kind <> ${kindCodes.same} OR c.state <> ${stateCodes.open})`
          : `c.kind = ${kindCodes[kind]}`;
      const wanted = states.map((state) => stateCodes[state]).join(', ');
      const found = await raw(
        knex,
        `SELECT ${page.top} CAST(c.id AS varchar(20)) AS id FROM ${rows} c
          WHERE c.run_id = ? AND ${kinds} AND c.state IN (${wanted}) AND c.id > ${after === undefined ? '0' : recordId(after)}
          ORDER BY c.id ${page.limit}`,
        [runId],
      );
      return found.map((row) => recordId(row.id));
    });

  const judge: Comparison['judge'] = async (table, observations) => {
    const found = await layout(table);
    return write(async (trx) => {
      const session = await dialect.openCompare(trx, found);
      const judged = await session.judge(combine(observations));
      await session.close();
      return new Map(judged.map(({ id, kind }) => [id, kind]));
    });
  };

  const rejected: Comparison['rejected'] = (module, wanted) =>
    read(async () => {
      const found = new Map<RecordId, Instant | undefined>();
      for (const some of pieces(wanted)) {
        const list = some.map((id) => `'${recordId(id)}'`).join(', ');
        const open = await raw(
          knex,
          `SELECT x.id AS id, x.modified_at AS m FROM ${rejects} x WHERE x.module = ? AND x.resolved_at IS NULL AND x.id IN (${list})`,
          [module],
        );
        for (const row of open) found.set(recordId(row.id), dialect.readTime(row.m));
      }
      return found;
    });

  const settle: Comparison['settle'] = (runId, judged) =>
    write(async (trx) => {
      for (const [outcome, some] of groups(judged))
        for (const piece of pieces(some))
          await raw(trx, `UPDATE ${rows} SET ${outcome} WHERE run_id = ? AND id IN (${listOf(piece)})`, [
            runId,
          ]);
    });

  const mend: Comparison['mend'] = (runId, mended) =>
    write(async (trx) => {
      for (const piece of pieces(mended))
        await raw(
          trx,
          `UPDATE ${rows} SET state = ${stateCodes.repaired} WHERE run_id = ? AND id IN (${listOf(piece)})`,
          [runId],
        );
    });

  const findings: Comparison['findings'] = (runId) =>
    read(async () => {
      await expectRun(knex, dialect, runId);
      const counted = await raw(
        knex,
        `SELECT c.kind AS kind, c.state AS state, count(*) AS n FROM ${rows} c WHERE c.run_id = ? GROUP BY c.kind, c.state`,
        [runId],
      );
      const sample = async (where: string): Promise<RecordId[]> => {
        const page = dialect.page(samplesOfAKind);
        const found = await raw(
          knex,
          `SELECT ${page.top} CAST(c.id AS varchar(20)) AS id FROM ${rows} c WHERE c.run_id = ? AND ${where} ORDER BY c.id ${page.limit}`,
          [runId],
        );
        return found.map((row) => recordId(row.id));
      };
      const different = (kind: DifferenceKind): Promise<RecordId[]> =>
        sample(`c.kind = ${kindCodes[kind]} AND c.state IN (${stateCodes.real}, ${stateCodes.repaired})`);
      return {
        ...sums(counted),
        samples: {
          missing: await different('missing'),
          stale: await different('stale'),
          extra: await different('extra'),
          rejected: await sample(`c.state = ${stateCodes.rejected}`),
        },
      };
    });

  return {
    keep: async (table, batch) => {
      const found = await layout(table);
      return write((trx) => keep(trx, found, batch), batch.signal);
    },
    complete,
    ids,
    judge,
    rejected,
    settle,
    mend,
    findings,
    drop: (runId) => write((trx) => forgetRun(trx, dialect, runId)),
  };
}

/** `kind = …, state = …` → the ids that it becomes true for. */
function groups(judged: readonly Judged[]): Map<string, RecordId[]> {
  const found = new Map<string, RecordId[]>();
  for (const { id, kind, state } of judged) {
    const outcome = `kind = ${kindCodes[kind]}, state = ${stateCodes[state]}`;
    const ids = found.get(outcome) ?? [];
    ids.push(id);
    found.set(outcome, ids);
  }
  return found;
}

const noneYet = (): Record<DifferenceKind, number> => ({ same: 0, missing: 0, stale: 0, extra: 0 });

function sums(counted: readonly Row[]): Omit<Findings, 'samples'> {
  const found = { compared: 0, open: noneYet(), real: noneYet(), repaired: noneYet(), rejected: 0 };
  for (const { kind, state, n } of counted) {
    found.compared += Number(n);
    const name = (Object.keys(stateCodes) as DifferenceState[]).find(
      (one) => stateCodes[one] === Number(state),
    );
    if (name === 'rejected') found.rejected += Number(n);
    else if (name !== undefined) found[name][kindOf(kind)] += Number(n);
  }
  return found;
}
