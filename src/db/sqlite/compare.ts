// What an observation shows beside its row, as SQL for SQLite. Never writes into the target; `../mssql/compare.ts` says the same in T-SQL.
import type Sqlite from 'better-sqlite3';
import type { RecordId } from '../../mirror/record-id';
import { kindCodes, kindOf } from '../compare/comparison';
import type { CompareSession } from '../dialect';
import type { Entry } from '../fold';
import type { Layout } from '../layout';
import { registers, side } from './registers';
import { quote } from './schema';
import { createStage, staged, stageName, Stager } from './stage';

const kept = 'zoho_mirror_comparison_row';
const tombstone = 'zoho_mirror_tombstone';

/** A row of the mirror is one that it has observed; a live one is not marked as deleted. */
function judgeSql(layout: Layout): string {
  const { t, join, key, m, o, d } = registers(layout);
  const differs = layout.columns.map((column, i) => `s.${staged(i)} IS NOT t.${quote(column.name)}`);
  return `
SELECT s.id AS id,
       CASE WHEN s.o IS NULL THEN CASE WHEN ${o} IS NOT NULL AND ${d} IS NULL THEN ${kindCodes.extra} ELSE ${kindCodes.same} END
            WHEN ${o} IS NULL OR ${d} IS NOT NULL THEN ${kindCodes.missing}
            WHEN ${[`replace(${m}, 'Z', '.000Z') IS NOT s.m`, ...differs].join(' OR ')} THEN ${kindCodes.stale}
            ELSE ${kindCodes.same} END AS kind
  FROM ${stageName} s LEFT JOIN ${t} t ON ${key} = s.id ${join}`;
}

export function openCompare(sqlite: Sqlite.Database, layout: Layout): CompareSession {
  createStage(sqlite, layout);
  const stager = new Stager(sqlite, layout, { tombstone, side });
  const stage = (entries: readonly Entry[]): void => stager.stage(entries, layout.columns.length);
  const judge = (entries: readonly Entry[]): { id: RecordId; kind: number }[] => {
    stage(entries);
    const sql = `SELECT CAST(id AS TEXT) AS id, kind FROM (${judgeSql(layout)})`;
    return sqlite.prepare(sql).all() as { id: RecordId; kind: number }[];
  };
  const keep = (entries: readonly Entry[], runId: string): void => {
    stage(entries);
    sqlite
      .prepare(
        `INSERT OR REPLACE INTO ${kept} (run_id, id, kind, state) SELECT :runId, id, kind, 0 FROM (${judgeSql(layout)})`,
      )
      .run({ runId });
  };
  return {
    judge: async (entries) => judge(entries).map(({ id, kind }) => ({ id, kind: kindOf(kind) })),
    keep: async (entries, runId) => keep(entries, runId),
    close: async () => void sqlite.exec(`DROP TABLE ${stageName}; DROP TABLE temp.zoho_mirror_plan;`),
  };
}
