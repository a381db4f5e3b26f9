// The law of the merge as T-SQL (docs/law-of-the-merge.md). Never sees a value; `../sqlite/merge.ts` says the same for SQLite.
// Plain T-SQL of SQL Server 2012; no MERGE, which needs hints to be safe, and deadlocks with them.
import type { Connection } from 'tedious';
import { recordId } from '../../mirror/record-id';
import type { DeadRows, Entries, MergeSession } from '../dialect';
import { bookkeepingOf, registersIn, type ActualColumn, type Flag, type Layout } from '../layout';
import { pieces } from '../pieces';
import { batch } from './connect';
import { joinSide, side } from './registers';
import { encodeRows } from './rows';
import { literal, quote, target } from './schema';
import { bare, converted, createStageSql, entryOf, fillStage, stagedEntrySql } from './stage';

const tombstone = 'zoho_mirror.tombstone';
const rejected = 'zoho_mirror.rejected_record';

/** Quoted names that every statement needs. */
function namesOf(layout: Layout) {
  const { table, key } = layout;
  const own = bookkeepingOf(table);
  const r = registersIn(table);
  return {
    module: literal(table.module),
    t: target(table.table),
    key: quote(key.name),
    r,
    join: joinSide(layout),
    lockedJoin: joinSide(layout, 'WITH (UPDLOCK, HOLDLOCK)'),
    m: quote(own.modifiedAt),
    o: quote(own.observedAt),
    d: quote(own.deletedAt),
    columns: layout.columns.map((column) => quote(column.name)),
    hard: table.deletes === 'hard' ? 1 : 0,
  };
}
type Names = ReturnType<typeof namesOf>;

/** Bit by bit: a collation takes case for equal, and every comparison of texts ignores trailing blanks. */
function compared(column: ActualColumn, i: number): { s: string; t: string; pairs: [string, string][] } {
  const t = `t.${quote(column.name)}`;
  const s = converted(column, i);
  if (column.kind !== 'text') return { s, t, pairs: [[s, t]] };
  // A column of fixed length fills up with blanks. Without need, a conversion would cost more than all the rest of the comparison.
  const fixed = /^n?char\(/.test(column.declared);
  const plain = (text: string): string => (fixed ? `RTRIM(CONVERT(nvarchar(max), ${text}))` : text);
  const stored = column.declared.startsWith('varchar') ? `CONVERT(nvarchar(max), ${t})` : plain(t);
  const bits = (text: string): string => `${text} COLLATE Latin1_General_BIN2`;
  const length = (text: string): string => `DATALENGTH(${text})`;
  return {
    s,
    t,
    pairs: [
      [bits(plain(s)), bits(stored)],
      [length(plain(s)), length(stored)],
    ],
  };
}

export function differs(column: ActualColumn, i: number): string {
  const { s, t, pairs } = compared(column, i);
  return `${pairs.map(([a, b]) => `${a} <> ${b}`).join(' OR ')} OR (${s} IS NULL AND ${t} IS NOT NULL) OR (${s} IS NOT NULL AND ${t} IS NULL)`;
}

function isSame(column: ActualColumn, i: number): string {
  const { s, t, pairs } = compared(column, i);
  return `(${pairs.map(([a, b]) => `${a} = ${b}`).join(' AND ')} OR (${s} IS NULL AND ${t} IS NULL))`;
}

const greatest = (a: string, b: string): string =>
  `CASE WHEN ${b} IS NULL OR ${a} >= ${b} THEN ${a} ELSE ${b} END`;

/** A live row that holds the staged observation already: nothing is left to do for it. */
const settledSql = ({ t, key, m, o, d }: Pick<Names, 't' | 'key' | 'm' | 'o' | 'd'>): string =>
  `SELECT 1 FROM ${t} t WHERE t.${key} = s.id AND t.${m} = s.m AND t.${o} = s.o AND t.${d} IS NULL AND s.g IS NULL`;

const noTombstone = ({ module }: Names): string =>
  `NOT EXISTS (SELECT 1 FROM ${tombstone} d WITH (UPDLOCK, HOLDLOCK) WHERE d.module = ${module} AND d.id = s.id)`;

/** Records that are new, in one statement; only where no staged record has a row yet, so that a batch of old ones costs nothing. */
function insertNewSql(names: Names, layout: Layout): string {
  const { t, key, m, o } = names;
  const constants = layout.constants.map(({ column }) => quote(column.name));
  const values = layout.columns.map((column, i) => converted(column, i));
  return `
IF NOT EXISTS (SELECT 1 FROM #stage s JOIN ${t} t ON t.${key} = s.id)
BEGIN
INSERT INTO ${t} (${[key, ...names.columns, ...constants, m, o].join(', ')})
SELECT ${['s.id', ...values, ...layout.constants.map(({ value }) => literal(value)), 's.m', 's.o'].join(', ')}
  FROM #stage s
 WHERE s.o IS NOT NULL AND s.g IS NULL AND ${noTombstone(names)}
   AND NOT EXISTS (SELECT 1 FROM ${t} t WITH (UPDLOCK, HOLDLOCK) WHERE t.${key} = s.id)
 ORDER BY s.id;
SET @inserted = @@ROWCOUNT;
END`;
}

/** Live records that are the same in all their columns, in one statement: only the bookkeeping moves. */
const touchSameSql = (names: Names, layout: Layout): string => {
  const { t, key, m, o, d } = names;
  return `
UPDATE t SET ${m} = s.m, ${o} = s.o
  FROM ${t} t JOIN #stage s ON s.id = t.${key}
 WHERE s.g IS NULL AND t.${o} IS NOT NULL AND t.${d} IS NULL AND (s.m > t.${m} OR (s.m = t.${m} AND s.o > t.${o}))
   AND ${noTombstone(names)} ${layout.columns.map((column, i) => `\n   AND ${isSame(column, i)}`).join('')};
SET @touched = @@ROWCOUNT;`;
};

/** Rows that hold everything of a record: the fast path knows no other place, and no flag to put right. */
const isPlain = ({ table, flags }: Layout): boolean => registersIn(table) === 't' && flags.length === 0;

const fastPathSql = (names: Names, layout: Layout, staged: number): string => `
DECLARE @inserted int, @touched int, @settled int;
SELECT @inserted = 0, @touched = 0;
${insertNewSql(names, layout)}
IF @inserted < ${staged}
BEGIN
${touchSameSql(names, layout)}
END
SET @settled = @inserted + @touched;
IF @settled < ${staged}
SELECT @settled = COUNT(*) FROM #stage s WHERE EXISTS (${settledSql(names)});
SELECT @inserted AS inserted, @settled AS settled`;

const planSql = (
  { module, t, key, r, lockedJoin, m, o, d }: Names,
  range: { from: number; to: number; fromExport: boolean; settled: boolean },
): string => `
WITH seen AS (
  SELECT s.n, s.id, s.m, s.o,
         CASE WHEN t.${key} IS NULL THEN 0 ELSE 1 END AS has_row,
         CASE WHEN ${r}.${o} IS NULL THEN 0 ELSE 1 END AS owned,
         CASE WHEN ${r}.${d} IS NULL THEN 1 ELSE 0 END AS undeleted,
         CASE WHEN ${r}.${o} IS NULL THEN d.modified_at ELSE CONVERT(datetime2(3), ${r}.${m}) END AS stored_m,
         CASE WHEN ${r}.${o} IS NULL THEN d.observed_at ELSE CONVERT(datetime2(3), ${r}.${o}) END AS stored_o,
         s.g AS batch_g, d.gone_at
    FROM #stage s
    LEFT JOIN ${t} t WITH (UPDLOCK, HOLDLOCK) ON t.${key} = s.id ${lockedJoin}
    LEFT JOIN ${tombstone} d WITH (UPDLOCK, HOLDLOCK) ON d.module = ${module} AND d.id = s.id
   WHERE s.n >= ${range.from} AND s.n < ${range.to}${range.settled ? `\n     AND NOT EXISTS (${settledSql({ key, t, m, o, d })})` : ''}
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

const removed = 'p.dead = 1 AND p.has_row = 1 AND (p.owned = 1 OR p.applied = 1)';

const removeSql = ({ t, key }: Names): string => `
DELETE t FROM ${t} t JOIN #plan p ON t.${key} = p.id WHERE ${removed}`;

const forgetSql = ({ module }: Names): string => `
DELETE b FROM ${side} b JOIN #plan p ON b.module = ${module} AND b.id = p.id WHERE ${removed}`;

const stamps = ({ m, o, d }: Names): string =>
  `${m} = p.m, ${o} = p.o, ${d} = CASE WHEN p.dead = 1 THEN p.g END`;

const updateSql = (names: Names, layout: Layout): string => `
UPDATE t
   SET ${[...layout.columns.map((column, i) => `${names.columns[i]} = ${converted(column, i)}`), ...(names.r === 't' ? [stamps(names)] : [])].join(', ')}
  FROM ${names.t} t JOIN #plan p ON t.${names.key} = p.id JOIN #stage s ON s.n = p.n
 WHERE p.applied = 1 AND p.differs = 1`;

/** Rows whose own columns stay as they are. */
const touchSql = (names: Names): string => `
UPDATE t
   SET ${stamps(names)}
  FROM ${names.t} t JOIN #plan p ON t.${names.key} = p.id
 WHERE NOT (p.applied = 1 AND p.differs = 1)
   AND (p.applied = 1 OR (p.owned = 1 AND p.dead = 1 AND (t.${names.d} IS NULL OR t.${names.d} <> p.g)))`;

/** The three columns where they are in a table of their own. */
const stampSql = ({ module, hard, m, o, d }: Names): string => `
UPDATE b SET ${m} = p.m, ${o} = p.o, ${d} = CASE WHEN p.dead = 1 THEN p.g END
  FROM ${side} b JOIN #plan p ON b.module = ${module} AND b.id = p.id
 WHERE p.applied = 1 OR (p.owned = 1 AND p.dead = 1 AND (b.${d} IS NULL OR b.${d} <> p.g));
INSERT INTO ${side} (module, id, ${m}, ${o}, ${d})
SELECT ${module}, p.id, p.m, p.o, CASE WHEN p.dead = 1 THEN p.g END
  FROM #plan p
 WHERE p.applied = 1 AND NOT (${hard} = 1 AND p.dead = 1)
   AND NOT EXISTS (SELECT 1 FROM ${side} b WITH (UPDLOCK, HOLDLOCK) WHERE b.module = ${module} AND b.id = p.id)
 ORDER BY p.id`;

const wanted = ({ column, deleted, live }: Flag): string =>
  `CASE WHEN p.dead = 1 THEN CONVERT(${column.declared}, ${literal(deleted)})
        ELSE CONVERT(${column.declared}, ${live === null ? 'NULL' : literal(live)}) END`;

/** Apart from the other columns, so that a row that is unchanged in them is not rewritten there. */
function flagSql({ t, key }: Names, layout: Layout): string {
  const flags = layout.flags.map((flag) => ({ name: quote(flag.column.name), value: wanted(flag) }));
  const wrong = flags.map(
    ({ name, value }) =>
      `t.${name} <> ${value} OR (t.${name} IS NULL AND ${value} IS NOT NULL) OR (t.${name} IS NOT NULL AND ${value} IS NULL)`,
  );
  return `
UPDATE t SET ${flags.map(({ name, value }) => `${name} = ${value}`).join(', ')}
  FROM ${t} t JOIN #plan p ON t.${key} = p.id
 WHERE (p.owned = 1 OR p.applied = 1) AND (${wrong.join(' OR ')})`;
}

function insertSql(names: Names, layout: Layout): string {
  const inTarget = names.r === 't';
  const into = [
    names.key,
    ...names.columns,
    ...layout.constants.map(({ column }) => quote(column.name)),
    ...layout.flags.map(({ column }) => quote(column.name)),
    ...(inTarget ? [names.m, names.o, names.d] : []),
  ];
  const values = [
    'p.id',
    ...layout.columns.map(converted),
    ...layout.constants.map(({ value }) => literal(value)),
    ...layout.flags.map(wanted),
    ...(inTarget ? ['p.m', 'p.o', 'CASE WHEN p.dead = 1 THEN p.g END'] : []),
  ];
  return `
INSERT INTO ${names.t} (${into.join(', ')})
SELECT ${values.join(', ')}
  FROM #plan p JOIN #stage s ON s.n = p.n
 WHERE p.applied = 1 AND p.has_row = 0 AND NOT (${names.hard} = 1 AND p.dead = 1)
   AND NOT EXISTS (SELECT 1 FROM ${names.t} t WITH (UPDLOCK, HOLDLOCK) WHERE t.${names.key} = p.id)
 ORDER BY p.id`;
}

const settleSql = ({ module, t, key, r, join, o }: Names, ids: string, at: string): string => `
UPDATE x SET resolved_at = ${literal(at)}
  FROM ${rejected} x
 WHERE x.module = ${module} AND x.resolved_at IS NULL AND x.id IN (${ids})
   AND (EXISTS (SELECT 1 FROM ${t} t ${join} WHERE t.${key} = CONVERT(bigint, x.id) AND ${r}.${o} > x.observed_at)
     OR EXISTS (SELECT 1 FROM ${tombstone} d
                 WHERE d.module = x.module AND d.id = CONVERT(bigint, x.id) AND d.gone_at > x.observed_at))`;

/** A newer reject of a record takes the place of the older ones: whole rows are kept no longer than they tell something. */
const supersedeSql = ({ module }: Names, ids: string): string => `
DELETE x FROM ${rejected} x
 WHERE x.module = ${module} AND x.id IN (${ids})
   AND EXISTS (SELECT 1 FROM ${rejected} y WHERE y.module = x.module AND y.id = x.id AND y.observed_at > x.observed_at)`;

/** Writers of one module take turns: whoever comes second sees what the first has done, and they never deadlock. */
const turnSql = ({ module }: Names, lockTimeoutMs: number): string => `
SET LOCK_TIMEOUT ${lockTimeoutMs};
DECLARE @turn int, @resource nvarchar(255) = N'zoho_mirror:' + ${module};
EXEC @turn = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ${lockTimeoutMs};
SELECT @turn AS turn;`;

export async function openMerge(
  connection: Connection,
  layout: Layout,
  lockTimeoutMs: number,
): Promise<MergeSession> {
  const names = namesOf(layout);
  const [answer] = await batch(
    connection,
    turnSql(names, lockTimeoutMs) + createStageSql(layout) + createPlanSql,
  );
  if (Number(answer?.turn) < 0) throw Object.assign(new Error('No turn'), { number: 1222 });
  let staged: Entries = { count: 0, entries: [] };
  /** What the fast path has done is no longer to be planned. */
  let settled = false;

  const change = async (sums: Record<string, unknown>, dead?: DeadRows): Promise<void> => {
    if (dead === 'untouched') return void (await batch(connection, burySql(names)));
    const live = Number(sums.live) > 0;
    const beside = names.r === 'b';
    const remove = names.hard === 1 && dead === undefined;
    const statements = [
      burySql(names),
      ...(remove ? [removeSql(names)] : []),
      ...(remove && beside ? [forgetSql(names)] : []),
      ...(live && (!beside || names.columns.length > 0) ? [updateSql(names, layout)] : []),
      ...(beside ? [] : [touchSql(names)]),
      ...(live ? [insertSql(names, layout)] : []),
      ...(layout.flags.length > 0 ? [flagSql(names, layout)] : []),
      ...(beside ? [stampSql(names)] : []),
    ];
    await batch(connection, statements.join(';\n'));
  };

  return {
    stage: (some) => {
      staged = some;
      settled = false;
      if ('entries' in some) return fillStage(connection, encodeRows(some.entries, layout.columns), layout);
      const { buffer, byteOffset, length } = some.encoded;
      return fillStage(connection, Buffer.from(buffer, byteOffset, length), layout);
    },
    fastPath: async () => {
      const { count } = staged;
      if (!isPlain(layout)) return { inserted: 0, unchanged: 0, rest: count };
      const [sums = {}] = await batch(connection, fastPathSql(names, layout, count));
      settled = true;
      const inserted = Number(sums.inserted);
      const done = Number(sums.settled);
      // What is done keeps its number, and its plan leaves it out.
      return { inserted, unchanged: done - inserted, rest: done < count ? count : 0 };
    },
    entry: async (n) => {
      if ('entries' in staged) return staged.entries[n];
      const [row] = await batch(connection, stagedEntrySql(layout, n));
      return row === undefined ? undefined : entryOf(row, layout);
    },
    apply: async (range) => {
      const [sums = {}] = await batch(
        connection,
        `TRUNCATE TABLE #plan;\n${[planSql(names, { ...range, settled }), compareSql(names, layout), tallySql].join(';\n')}`,
      );
      const held = Number(sums.held) === 0 ? [] : await batch(connection, heldSql);
      await change(sums, range.dead);
      const of = (name: string): number => Number(sums[name]);
      return {
        tally: {
          inserted: of('inserted'),
          updated: of('updated'),
          unchanged: of('unchanged'),
          deleted: of('deleted'),
          live: of('live'),
        },
        heldBack: held.map((row) => recordId(row.id)),
      };
    },
    settleRejects: async (ids, at) => {
      const open = `SELECT TOP (1) 1 AS one FROM ${rejected} WHERE module = ${names.module} AND resolved_at IS NULL`;
      if ((await batch(connection, open)).length === 0) return;
      for (const known of pieces(ids.filter((id) => /^\d+$/.test(id)))) {
        const some = known.map((id) => literal(id)).join(', ');
        await batch(connection, [supersedeSql(names, some), settleSql(names, some, bare(at))].join(';\n'));
      }
    },
    close: async () => void (await batch(connection, 'DROP TABLE #stage; DROP TABLE #plan')),
  };
}

const heldSql = 'SELECT CONVERT(varchar(20), id) AS id FROM #plan WHERE held = 1';

const createPlanSql = `
CREATE TABLE #plan (
  n int NOT NULL PRIMARY KEY, id bigint NOT NULL, has_content int NOT NULL, has_row int NOT NULL, owned int NOT NULL,
  undeleted int NOT NULL, applied int NOT NULL, held int NOT NULL, same int NOT NULL, differs int NOT NULL,
  batch_g datetime2(3) NULL, g datetime2(3) NULL, m datetime2(3) NULL, o datetime2(3) NULL, dead int NOT NULL);`;
