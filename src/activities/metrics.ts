// What activities count, beside Temporal's own metrics. Names and labels are declared in contracts/metrics.
import { metricMeter } from '@temporalio/activity';
import { metrics, type Counts } from '../contracts';
import type { Database, MergeRequest, MergeResult, TargetTable } from '../db';

/** Every merge of any activity is timed, and its rows are counted once it is committed. All else is `db`'s own. */
export const measured = (db: Database): Database =>
  Object.assign(Object.create(db) as Database, {
    async merge(table: TargetTable, request: MergeRequest): Promise<MergeResult> {
      const started = performance.now();
      const result = await db.merge(table, request);
      if (!result.committed) return result;
      const { module } = table;
      const source = request.fromExport ? 'export' : 'reread';
      record(metrics.mergeSeconds, (performance.now() - started) / 1_000, { module, source });
      countRows(module, result.counts);
      return result;
    },
  });

export const batchTook = (module: string, ms: number): void =>
  record(metrics.batchSeconds, ms / 1_000, { module });

/** Two machines' clocks are compared, so the difference may come out below nothing. */
export const notificationTook = (module: string, receivedAt: string): void =>
  record(metrics.notificationSeconds, Math.max(0, Date.now() - Date.parse(receivedAt)) / 1_000, { module });

function countRows(module: string, { read: _, ...outcomes }: Counts): void {
  const { name, about } = metrics.rows;
  const counter = metricMeter.createCounter(name, 'rows', about);
  for (const [outcome, count] of Object.entries(outcomes))
    if (count > 0) counter.add(count, { module, outcome });
}

function record(
  { name, about }: { name: string; about: string },
  value: number,
  labels: Record<string, string>,
): void {
  metricMeter.createHistogram(name, 'float', 's', about).record(value, labels);
}
