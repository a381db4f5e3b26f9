// The law of the merge as T-SQL (docs/law-of-the-merge.md). Never sees a value; `../sqlite/merge.ts` says the same for SQLite.
// Plain T-SQL of SQL Server 2012; no MERGE, which needs hints to be safe, and deadlocks with them.
import type { Connection } from 'tedious';
import { recordId, type RecordId } from '../../mirror/record-id';
import type { MergeSession } from '../dialect';
import type { ActualColumn, Layout } from '../layout';
import { batch } from './connect';
import { quote, target } from './schema';
import { bare, createStage, fillStage, staged } from './stage';

const tombstone = 'zoho_mirror.tombstone';
const rejected = 'zoho_mirror.rejected_record';

/** Values come from the configuration, not from Zoho; doubled quotes are all a literal needs. */
const literal = (text: string): string => `N'${text.replaceAll("'", "''")}'`;

/** Quoted names that every statement needs. */
function namesOf(layout: Layout) {
  const { table, key } = layout;
  return {
    module: literal(table.module),
    t: target(table.table),
    key: quote(key.name),
    m: quote(table.bookkeeping.modifiedAt),
    o: quote(table.bookkeeping.observedAt),
    d: quote(table.bookkeeping.deletedAt),
    columns: layout.columns.map((column) => quote(column.name)),
    hard: table.deletes === 'hard' ? 1 : 0,
  };
}
type Names = ReturnType<typeof namesOf>;

/** A staged value as its column will hold it. */
const converted = (column: ActualColumn, i: number): string =>
  column.kind === 'text' ? `s.${staged(i)}` : `CONVERT(${column.declared}, s.${staged(i)})`;

/** Bit by bit: a collation takes case for equal, and every comparison of texts ignores trailing blanks. */
function differs(column: ActualColumn, i: number): string {
  const [s, t] = [`s.${staged(i)}`, `t.${quote(column.name)}`];
  const absence = `(${s} IS NULL AND ${t} IS NOT NULL) OR (${s} IS NOT NULL AND ${t} IS NULL)`;
  if (column.kind !== 'text') return `${converted(column, i)} <> ${t} OR ${absence}`;
  const [a, b] = [`CONVERT(nvarchar(max), ${s})`, `CONVERT(nvarchar(max), ${t})`];
  return `${a} COLLATE Latin1_General_BIN2 <> ${b} COLLATE Latin1_General_BIN2 OR DATALENGTH(${a}) <> DATALENGTH(${b}) OR ${absence}`;
}

const greatest = (a: string, b: string): string =>
  `CASE WHEN ${b} IS NULL OR ${a} >= ${b} THEN ${a} ELSE ${b} END`;

const planSql = (
  { module, t, key, m, o, d }: Names,
  range: { from: number; to: number; fromExport: boolean },
): string => `
WITH seen AS (
  SELECT s.n, s.id, CONVERT(datetime2(3), s.m) AS m, CONVERT(datetime2(3), s.o) AS o,
         CASE WHEN t.${key} IS NULL THEN 0 ELSE 1 END AS has_row,
         CASE WHEN t.${o} IS NULL THEN 0 ELSE 1 END AS owned,
         CASE WHEN t.${d} IS NULL THEN 1 ELSE 0 END AS undeleted,
         CASE WHEN t.${o} IS NULL THEN d.modified_at ELSE CONVERT(datetime2(3), t.${m}) END AS stored_m,
         CASE WHEN t.${o} IS NULL THEN d.observed_at ELSE CONVERT(datetime2(3), t.${o}) END AS stored_o,
         CONVERT(datetime2(3), s.g) AS batch_g, d.gone_at
    FROM #stage s
    LEFT JOIN ${t} t WITH (UPDLOCK, HOLDLOCK) ON t.${key} = s.id
    LEFT JOIN ${tombstone} d WITH (UPDLOCK, HOLDLOCK) ON d.module = ${module} AND d.id = s.id
   WHERE s.n >= ${range.from} AND s.n < ${range.to}
), grown AS (
  SELECT *, CASE WHEN gone_at IS NULL THEN batch_g ELSE ${greatest('gone_at', 'batch_g')} END AS g
    FROM seen
), weighed AS (
  SELECT *,
         CASE WHEN o IS NOT NULL AND (stored_o IS NULL OR m > stored_m OR (m = stored_m AND o > stored_o)) THEN 1 ELSE 0 END AS newer,
         CASE WHEN m = stored_m AND o = stored_o THEN 1 ELSE 0 END AS same,
         CASE WHEN ${range.fromExport ? 1 : 0} = 1 AND g IS NOT NULL
               AND (stored_o IS NULL OR (stored_m <= g AND stored_o <= g)) AND (m > g OR o > g) THEN 1 ELSE 0 END AS revives
    FROM grown
), decided AS (
  SELECT *,
         CASE WHEN newer = 1 AND revives = 0 THEN 1 ELSE 0 END AS applied,
         CASE WHEN newer = 1 AND revives = 1 THEN 1 ELSE 0 END AS held,
         CASE WHEN newer = 1 AND revives = 0 THEN m ELSE stored_m END AS final_m,
         CASE WHEN newer = 1 AND revives = 0 THEN o ELSE stored_o END AS final_o
    FROM weighed
)
INSERT INTO #plan (n, id, has_content, has_row, owned, undeleted, applied, held, same, differs, batch_g, g, m, o, dead)
SELECT x.n, x.id, CASE WHEN x.o IS NULL THEN 0 ELSE 1 END, x.has_row, x.owned, x.undeleted, x.applied, x.held, x.same, 0,
       x.batch_g, x.g, x.final_m, x.final_o,
       CASE WHEN x.final_o IS NOT NULL AND x.g IS NOT NULL AND x.final_m <= x.g AND x.final_o <= x.g THEN 1 ELSE 0 END
  FROM decided x`;

/** Only rows that will be written are compared. */
const compareSql = ({ t, key }: Names, layout: Layout): string => `
UPDATE p SET differs = 1
  FROM #plan p JOIN #stage s ON s.n = p.n JOIN ${t} t ON t.${key} = p.id
 WHERE p.has_row = 1 AND p.applied = 1 AND (${layout.columns.map(differs).join('\n    OR ') || '1 = 0'})`;

const tallySql = `
SELECT COALESCE(SUM(has_content), 0) AS live,
       COALESCE(SUM(CASE WHEN applied = 1 AND dead = 0 AND has_row = 0 THEN 1 END), 0) AS inserted,
       COALESCE(SUM(CASE WHEN applied = 1 AND dead = 0 AND has_row = 1
                     AND (differs = 1 OR (owned = 1 AND undeleted = 0)) THEN 1 END), 0) AS updated,
       COALESCE(SUM(CASE WHEN dead = 0 AND has_row = 1 AND ((applied = 1 AND differs = 0 AND (undeleted = 1 OR owned = 0))
                     OR (same = 1 AND owned = 1)) THEN 1 END), 0) AS unchanged,
       COALESCE(SUM(CASE WHEN owned = 1 AND undeleted = 1 AND dead = 1 THEN 1 END), 0) AS deleted,
       COALESCE(SUM(held), 0) AS held
  FROM #plan`;

/** Hard: a dead record has no row, so the tombstone keeps its content register. */
function burySql({ module, hard }: Names): string {
  const buried = `(p.batch_g = p.g OR (${hard} = 1 AND p.dead = 1 AND (p.applied = 1 OR p.has_row = 1)))`;
  const kept = (register: string): string => `CASE WHEN ${hard} = 1 AND p.dead = 1 THEN p.${register} END`;
  return `
UPDATE d SET gone_at = p.g, modified_at = COALESCE(${kept('m')}, d.modified_at), observed_at = COALESCE(${kept('o')}, d.observed_at)
  FROM ${tombstone} d JOIN #plan p ON d.module = ${module} AND d.id = p.id
 WHERE ${buried};
INSERT INTO ${tombstone} (module, id, gone_at, modified_at, observed_at)
SELECT ${module}, p.id, p.g, ${kept('m')}, ${kept('o')}
  FROM #plan p
 WHERE ${buried}
   AND NOT EXISTS (SELECT 1 FROM ${tombstone} d WITH (UPDLOCK, HOLDLOCK) WHERE d.module = ${module} AND d.id = p.id)`;
}

const removeSql = ({ t, key, hard }: Names): string => `
DELETE t FROM ${t} t JOIN #plan p ON t.${key} = p.id
 WHERE ${hard} = 1 AND p.dead = 1 AND p.has_row = 1 AND (p.owned = 1 OR p.applied = 1)`;

const bookkeepingOf = ({ m, o, d }: Names): string =>
  `${m} = p.m, ${o} = p.o, ${d} = CASE WHEN p.dead = 1 THEN p.g END`;

const updateSql = (names: Names, layout: Layout): string => `
UPDATE t
   SET ${layout.columns.map((column, i) => `${names.columns[i]} = ${converted(column, i)}, `).join('')}${bookkeepingOf(names)}
  FROM ${names.t} t JOIN #plan p ON t.${names.key} = p.id JOIN #stage s ON s.n = p.n
 WHERE p.applied = 1 AND p.differs = 1`;

/** Rows whose own columns stay as they are. */
const touchSql = (names: Names): string => `
UPDATE t
   SET ${bookkeepingOf(names)}
  FROM ${names.t} t JOIN #plan p ON t.${names.key} = p.id
 WHERE NOT (p.applied = 1 AND p.differs = 1)
   AND (p.applied = 1 OR (p.owned = 1 AND p.dead = 1 AND (t.${names.d} IS NULL OR t.${names.d} <> p.g)))`;

function insertSql(names: Names, layout: Layout): string {
  const constants = layout.constants.map(({ column }) => quote(column.name));
  const values = layout.columns.map((column, i) => `${converted(column, i)}, `).join('');
  const fixed = layout.constants.map(({ value }) => `${literal(value)}, `).join('');
  return `
INSERT INTO ${names.t} (${[names.key, ...names.columns, ...constants, names.m, names.o, names.d].join(', ')})
SELECT p.id, ${values}${fixed}p.m, p.o, CASE WHEN p.dead = 1 THEN p.g END
  FROM #plan p JOIN #stage s ON s.n = p.n
 WHERE p.applied = 1 AND p.has_row = 0 AND NOT (${names.hard} = 1 AND p.dead = 1)
   AND NOT EXISTS (SELECT 1 FROM ${names.t} t WITH (UPDLOCK, HOLDLOCK) WHERE t.${names.key} = p.id)
 ORDER BY p.id`;
}

const settleSql = ({ module, t, key, o }: Names, ids: string, at: string): string => `
UPDATE r SET resolved_at = ${literal(at)}
  FROM ${rejected} r
 WHERE r.module = ${module} AND r.resolved_at IS NULL AND r.id IN (${ids})
   AND (EXISTS (SELECT 1 FROM ${t} t WHERE t.${key} = CONVERT(bigint, r.id) AND t.${o} > r.observed_at)
     OR EXISTS (SELECT 1 FROM ${tombstone} d
                 WHERE d.module = r.module AND d.id = CONVERT(bigint, r.id) AND d.gone_at > r.observed_at))`;

const idsPerStatement = 1_000;

export async function openMerge(connection: Connection, layout: Layout): Promise<MergeSession> {
  const names = namesOf(layout);
  await createStage(connection, layout);

  const change = async (sums: Record<string, unknown>): Promise<void> => {
    await batch(connection, burySql(names));
    if (names.hard === 1) await batch(connection, removeSql(names));
    if (Number(sums.updated) + Number(sums.live) > 0) await batch(connection, updateSql(names, layout));
    await batch(connection, touchSql(names));
    if (Number(sums.live) > 0) await batch(connection, insertSql(names, layout));
  };

  return {
    insertNew: async (entries) => [...entries],
    stage: (entries) => fillStage(connection, entries, layout),
    apply: async (range) => {
      await batch(connection, 'TRUNCATE TABLE #plan');
      await batch(connection, planSql(names, range));
      await batch(connection, compareSql(names, layout));
      const [sums = {}] = await batch(connection, tallySql);
      const held = Number(sums.held) === 0 ? [] : await batch(connection, heldSql);
      await change(sums);
      const of = (name: string): number => Number(sums[name]);
      return {
        tally: {
          inserted: of('inserted'),
          updated: of('updated'),
          unchanged: of('unchanged'),
          deleted: of('deleted'),
          live: of('live'),
        },
        reread: held.map((row) => recordId(row.id)),
      };
    },
    settleRejects: async (ids, at) => {
      const open = `SELECT TOP (1) 1 AS one FROM ${rejected} WHERE module = ${names.module} AND resolved_at IS NULL`;
      if ((await batch(connection, open)).length === 0) return;
      const known: RecordId[] = ids.filter((id) => /^\d+$/.test(id));
      for (let from = 0; from < known.length; from += idsPerStatement) {
        const some = known.slice(from, from + idsPerStatement).map((id) => `N'${id}'`);
        await batch(connection, settleSql(names, some.join(', '), bare(at)));
      }
    },
    close: async () => void (await batch(connection, 'DROP TABLE #stage; DROP TABLE #plan')),
  };
}

const heldSql = 'SELECT CONVERT(varchar(20), id) AS id FROM #plan WHERE held = 1';
