// The law of the merge as SQL for SQLite (docs/law-of-the-merge.md). Never sees a value; `../mssql/merge.ts` says the same in T-SQL.
import type Sqlite from 'better-sqlite3';
import { toIsoMs, type Instant } from '../../mirror/instant';
import type { RecordId } from '../../mirror/record-id';
import type { DeadRows, MergeSession, Tally } from '../dialect';
import type { Entry } from '../fold';
import { bookkeepingOf, registersIn, type Flag, type Layout } from '../layout';
import { literal } from '../names';
import { joinSide, side } from './registers';
import { affinity, quote, target } from './schema';
import { createStage, planName, staged, stageName, Stager } from './stage';

const tombstone = 'zoho_mirror_tombstone';
const rejected = 'zoho_mirror_rejected_record';

/** Quoted names that every statement needs. */
function namesOf(layout: Layout) {
  const { table, key, columns } = layout;
  const own = bookkeepingOf(table);
  const r = registersIn(table);
  return {
    t: target(table.table),
    key: quote(key.name),
    r,
    join: joinSide(layout),
    m: quote(own.modifiedAt),
    o: quote(own.observedAt),
    d: quote(own.deletedAt),
    columns: columns.map((column) => quote(column.name)),
    hard: table.deletes === 'hard' ? 1 : 0,
  };
}

/** Instants are compared as `….mmmZ`; '' stands for "none" and sorts before all of them. */
const planSql = ({ t, key, r, join, m, o, d, columns }: ReturnType<typeof namesOf>): string => `
INSERT INTO ${planName}
WITH seen AS (
  SELECT s.n, s.id, s.m, s.o,
         t.${key} IS NOT NULL AS has_row, ${r}.${o} IS NOT NULL AS owned, ${r}.${d} IS NULL AS undeleted,
         coalesce(CASE WHEN ${r}.${o} IS NOT NULL THEN replace(${r}.${m}, 'Z', '.000Z') ELSE d.modified_at END, '') AS stored_m,
         coalesce(${r}.${o}, d.observed_at, '') AS stored_o,
         coalesce(s.g, '') AS batch_g,
         max(coalesce(s.g, ''), coalesce(d.gone_at, '')) AS g
    FROM ${stageName} s
    LEFT JOIN ${t} t ON t.${key} = s.id ${join}
    LEFT JOIN ${tombstone} d ON d.module = :module AND d.id = s.id
), weighed AS (
  SELECT *,
         o IS NOT NULL AND (m, o) > (stored_m, stored_o) AS newer,
         o IS NOT NULL AND (m, o) = (stored_m, stored_o) AS same,
         :fromExport AND g <> '' AND max(stored_m, stored_o) <= g AND max(m, o) > g AS revives
    FROM seen
), decided AS (
  SELECT *,
         newer AND NOT revives AS applied,
         newer AND revives AS held,
         CASE WHEN newer AND NOT revives THEN m ELSE stored_m END AS final_m,
         CASE WHEN newer AND NOT revives THEN o ELSE stored_o END AS final_o
    FROM weighed
)
SELECT x.n, x.id, x.o IS NOT NULL, x.has_row, x.owned, x.undeleted, coalesce(x.applied, 0), coalesce(x.held, 0), x.same,
       CASE WHEN x.has_row AND x.applied
            THEN (SELECT ${columns.map((column, i) => `s.${staged(i)} IS NOT t.${column}`).join(' OR ') || '0'}
                    FROM ${stageName} s, ${t} t WHERE s.n = x.n AND t.${key} = x.id)
            ELSE 0 END,
       x.batch_g, x.g, x.final_m, x.final_o,
       x.final_o <> '' AND x.g <> '' AND max(x.final_m, x.final_o) <= x.g
  FROM decided x`;

const tallySql = `
SELECT total(has_content) AS live,
       total(applied AND NOT dead AND NOT has_row) AS inserted,
       total(applied AND NOT dead AND has_row AND (differs OR (owned AND NOT undeleted))) AS updated,
       total(NOT dead AND has_row AND ((applied AND NOT differs AND (undeleted OR NOT owned)) OR (same AND owned))) AS unchanged,
       total(owned AND undeleted AND dead) AS deleted,
       total(batch_g <> '' AND batch_g = g) AS buried,
       total(dead AND (applied OR has_row)) AS dead_content,
       total(held) AS held
  FROM ${planName}`;

/** Hard: a dead record has no row, so the tombstone keeps its content register. */
const burySql = ({ hard }: ReturnType<typeof namesOf>): string => `
INSERT INTO ${tombstone} (module, id, gone_at, modified_at, observed_at)
SELECT :module, id, g, CASE WHEN ${hard} AND dead THEN m END, CASE WHEN ${hard} AND dead THEN o END
  FROM ${planName}
 WHERE (batch_g <> '' AND batch_g = g) OR (${hard} AND dead AND (applied OR has_row))
ON CONFLICT (module, id) DO UPDATE SET
  gone_at = excluded.gone_at,
  modified_at = coalesce(excluded.modified_at, modified_at),
  observed_at = coalesce(excluded.observed_at, observed_at)`;

const removed = `SELECT id FROM ${planName} WHERE dead AND has_row AND (owned OR applied)`;

const removeSql = ({ t, key }: ReturnType<typeof namesOf>): string => `
DELETE FROM ${t} WHERE ${key} IN (${removed})`;

const forgetSql = `DELETE FROM ${side} WHERE module = :module AND id IN (${removed})`;

const stamps = ({ m, o, d }: ReturnType<typeof namesOf>): string =>
  `${m} = substr(p.m, 1, 19) || 'Z', ${o} = p.o, ${d} = CASE WHEN p.dead THEN p.g END`;

const updateSql = (names: ReturnType<typeof namesOf>): string => `
UPDATE ${names.t} AS t
   SET ${[...names.columns.map((column, i) => `${column} = s.${staged(i)}`), ...(names.r === 't' ? [stamps(names)] : [])].join(', ')}
  FROM ${planName} p JOIN ${stageName} s ON s.n = p.n
 WHERE t.${names.key} = p.id AND p.applied AND p.differs`;

/** Rows whose own columns stay as they are. */
const touchSql = (names: ReturnType<typeof namesOf>): string => `
UPDATE ${names.t} AS t
   SET ${stamps(names)}
  FROM ${planName} p
 WHERE t.${names.key} = p.id AND NOT (p.applied AND p.differs)
   AND (p.applied OR (p.owned AND t.${names.d} IS NOT CASE WHEN p.dead THEN p.g END))`;

/** The three columns where they are in a table of their own. */
const stampSql = ({ hard, m, o, d }: ReturnType<typeof namesOf>): string => `
INSERT INTO ${side} (module, id, ${m}, ${o}, ${d})
SELECT :module, p.id, substr(p.m, 1, 19) || 'Z', p.o, CASE WHEN p.dead THEN p.g END
  FROM ${planName} p
 WHERE (p.applied OR (p.owned AND p.dead)) AND NOT (${hard} AND p.dead)
ON CONFLICT (module, id) DO UPDATE SET ${m} = excluded.${m}, ${o} = excluded.${o}, ${d} = excluded.${d}`;

/** Apart from the other columns, so that a row that is unchanged in them is not rewritten there. */
function flagSql({ t, key }: ReturnType<typeof namesOf>, layout: Layout): string {
  const flags = layout.flags.map((flag) => ({ name: quote(flag.column.name), wanted: wanted(flag) }));
  return `
UPDATE ${t} AS t
   SET ${flags.map((flag) => `${flag.name} = ${flag.wanted}`).join(', ')}
  FROM ${planName} p
 WHERE t.${key} = p.id AND (p.owned OR p.applied)
   AND (${flags.map((flag) => `t.${flag.name} IS NOT ${flag.wanted}`).join(' OR ')})`;
}

/** With the column's own affinity, or '1' would differ from 1. */
function wanted({ column, deleted, live }: Flag): string {
  const type = affinity(column) === 'BLOB' ? '' : affinity(column);
  const as = (value: string): string => (type === '' ? literal(value) : `CAST(${literal(value)} AS ${type})`);
  return `CASE WHEN p.dead THEN ${as(deleted)} ELSE ${live === null ? 'NULL' : as(live)} END`;
}

function insertSql(names: ReturnType<typeof namesOf>, layout: Layout): string {
  const constants = layout.constants.map((constant) => quote(constant.column.name));
  const inTarget = names.r === 't';
  const flags = layout.flags.map((flag) => quote(flag.column.name));
  const own = inTarget ? [names.m, names.o, names.d] : [];
  const into = [names.key, ...names.columns, ...constants, ...flags, ...own];
  const values = [
    'p.id',
    ...names.columns.map((_, i) => `s.${staged(i)}`),
    ...constants.map(() => '?'),
    ...layout.flags.map(wanted),
    ...(inTarget ? ["substr(p.m, 1, 19) || 'Z'", 'p.o', 'CASE WHEN p.dead THEN p.g END'] : []),
  ];
  return `
INSERT INTO ${names.t} (${into.join(', ')})
SELECT ${values.join(', ')}
  FROM ${planName} p JOIN ${stageName} s ON s.n = p.n
 WHERE p.applied AND NOT p.has_row AND NOT (${names.hard} AND p.dead)
 ORDER BY p.id`;
}

const settleSql = ({ t, key, r, join, o }: ReturnType<typeof namesOf>): string => `
UPDATE ${rejected} AS x SET resolved_at = :at
 WHERE x.module = :module AND x.resolved_at IS NULL AND x.id IN (SELECT value FROM json_each(:ids))
   AND (EXISTS (SELECT 1 FROM ${t} t ${join} WHERE t.${key} = CAST(x.id AS INTEGER) AND ${r}.${o} > x.observed_at)
     OR EXISTS (SELECT 1 FROM ${tombstone} d
                 WHERE d.module = x.module AND d.id = CAST(x.id AS INTEGER) AND d.gone_at > x.observed_at))`;

/** A newer reject of a record takes the place of the older ones: whole rows are kept no longer than they tell something. */
const supersedeSql = `
DELETE FROM ${rejected} AS x
 WHERE x.module = :module AND x.id IN (SELECT value FROM json_each(:ids))
   AND EXISTS (SELECT 1 FROM ${rejected} y WHERE y.module = x.module AND y.id = x.id AND y.observed_at > x.observed_at)`;

type Sums = Record<keyof Tally | 'buried' | 'dead_content' | 'held', number>;

const isNew = (entry: Entry): entry is Entry & { live: NonNullable<Entry['live']> } =>
  entry.live !== undefined && entry.goneAt === undefined;

export function openMerge(sqlite: Sqlite.Database, layout: Layout): MergeSession {
  const { module } = layout.table;
  const names = namesOf(layout);
  createStage(sqlite, layout);
  const stager = new Stager(sqlite, layout, { tombstone, side });
  const prepared = new Map<string, Sqlite.Statement>();
  const statement = (sql: string): Sqlite.Statement => {
    const known = prepared.get(sql) ?? sqlite.prepare(sql);
    prepared.set(sql, known);
    return known;
  };

  let entries: readonly Entry[] = [];

  /** New records never see the stage: `apply` stages the others, range by range. */
  const fastPath = () => {
    const known = stager.known(entries, module);
    const rest: Entry[] = [];
    entries.forEach((entry, i) => {
      if (isNew(entry) && !known.has(i)) stager.insertNew(entry);
      else rest.push(entry);
    });
    const inserted = entries.length - rest.length;
    entries = rest;
    return { inserted, unchanged: 0, rest: rest.length };
  };

  const change = (sums: Sums, dead?: DeadRows): void => {
    if (sums.buried > 0 || (names.hard === 1 && sums.dead_content > 0))
      statement(burySql(names)).run({ module });
    if (dead === 'untouched') return;
    if (names.hard === 1 && dead === undefined) {
      // What is to be forgotten is found by its plan; the row may go first or last.
      if (names.r === 'b') statement(forgetSql).run({ module });
      statement(removeSql(names)).run();
    }
    if (names.r === 't' || names.columns.length > 0) statement(updateSql(names)).run();
    if (names.r === 't') statement(touchSql(names)).run();
    statement(insertSql(names, layout)).run(layout.constants.map((constant) => constant.value));
    if (layout.flags.length > 0) statement(flagSql(names, layout)).run();
    if (names.r === 'b')
      statement(stampSql({ ...names, hard: dead === 'marked' ? 0 : names.hard })).run({ module });
  };

  const apply = (range: { from: number; to: number; fromExport: boolean; dead?: DeadRows }) => {
    stager.stage(entries.slice(range.from, range.to), layout.columns.length);
    statement(`DELETE FROM ${planName}`).run();
    statement(planSql(names)).run({ module, fromExport: range.fromExport ? 1 : 0 });
    const sums = statement(tallySql).get() as Sums;
    const heldBack =
      sums.held === 0
        ? []
        : (statement(`SELECT CAST(id AS TEXT) FROM ${planName} WHERE held`).pluck().all() as RecordId[]);
    change(sums, range.dead);
    return { tally: sums, heldBack };
  };

  const settle = (ids: readonly RecordId[], at: Instant): void => {
    const open = statement(`SELECT 1 FROM ${rejected} WHERE module = ? AND resolved_at IS NULL LIMIT 1`);
    if (open.get(module) === undefined) return;
    const known = JSON.stringify(ids);
    statement(supersedeSql).run({ module, ids: known });
    statement(settleSql(names)).run({ module, ids: known, at: toIsoMs(at) });
  };

  return {
    stage: async (staged) => {
      if ('encoded' in staged) throw new Error('Nothing is encoded for SQLite');
      entries = staged.entries;
    },
    fastPath: async () => fastPath(),
    entry: async (n) => entries[n],
    apply: async (range) => apply(range),
    settleRejects: async (ids, at) => settle(ids, at),
    close: async () => void sqlite.exec(`DROP TABLE ${stageName}; DROP TABLE ${planName};`),
  };
}
