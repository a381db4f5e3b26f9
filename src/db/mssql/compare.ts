// What an observation shows beside its row, as T-SQL. Never writes into the target; `../sqlite/compare.ts` says the same for SQLite.
import type { Connection } from 'tedious';
import { recordId } from '../../mirror/record-id';
import { kindCodes, kindOf } from '../compare/comparison';
import type { CompareSession } from '../dialect';
import type { Layout } from '../layout';
import { batch } from './connect';
import { differs } from './merge';
import { registers } from './registers';
import { encodeRows } from './rows';
import { literal } from './schema';
import { createStageSql, fillStage } from './stage';

const kept = 'zoho_mirror.comparison_row';

/** A row of the mirror is one that it has observed; a live one is not marked as deleted. */
function judgeSql(layout: Layout): string {
  const { t, join, key, m, o, d } = registers(layout);
  const modified = `${m} IS NULL OR CONVERT(datetime2(3), ${m}) <> CONVERT(datetime2(3), s.m)`;
  return `
SELECT s.id AS id,
       CASE WHEN s.o IS NULL THEN CASE WHEN ${o} IS NOT NULL AND ${d} IS NULL THEN ${kindCodes.extra} ELSE ${kindCodes.same} END
            WHEN ${o} IS NULL OR ${d} IS NOT NULL THEN ${kindCodes.missing}
            WHEN ${[modified, ...layout.columns.map(differs)].join('\n              OR ')} THEN ${kindCodes.stale}
            ELSE ${kindCodes.same} END AS kind
  FROM #stage s LEFT JOIN ${t} t ON ${key} = s.id ${join}`;
}

/** What an earlier batch kept of the same ids is replaced: a page may have been exported twice. */
const keepSql = (layout: Layout, runId: string): string => `
DELETE c FROM ${kept} c JOIN #stage s ON c.id = s.id WHERE c.run_id = ${literal(runId)};
INSERT INTO ${kept} (run_id, id, kind, state)
SELECT ${literal(runId)}, j.id, j.kind, 0 FROM (${judgeSql(layout)}) j`;

export async function openCompare(connection: Connection, layout: Layout): Promise<CompareSession> {
  await batch(connection, createStageSql(layout));
  return {
    async judge(entries) {
      await fillStage(connection, encodeRows(entries, layout.columns), layout);
      const sql = `SELECT CONVERT(varchar(20), j.id) AS id, j.kind FROM (${judgeSql(layout)}) j`;
      return (await batch(connection, sql)).map((row) => ({ id: recordId(row.id), kind: kindOf(row.kind) }));
    },
    async keep(entries, runId) {
      await fillStage(connection, encodeRows(entries, layout.columns), layout);
      await batch(connection, keepSql(layout, runId));
    },
    close: async () => void (await batch(connection, 'DROP TABLE #stage')),
  };
}
