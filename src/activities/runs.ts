// What the database remembers of runs: the watermark, and a row a run, also of failed ones.
import { activityInfo } from '@temporalio/activity';
import type { Counts } from '../contracts';
import { parseInstant, toIsoMs } from '../mirror';
import type { Deps } from './deps';

export interface RunEnd {
  module: string;
  outcome: 'running' | 'done' | 'failed' | 'cancelled';
  counts: Counts;
  detail?: string;
}

export const createRunActivities = ({ db }: Deps) => ({
  async recordRun({ module, outcome, counts, detail }: RunEnd): Promise<void> {
    const { workflowExecution, workflowType } = activityInfo();
    await db.recordRun({
      runId: workflowExecution!.runId,
      workflow: workflowType ?? '',
      module,
      outcome,
      counts,
      ...(detail ? { detail } : {}),
    });
  },

  /** ISO, or undefined while no complete load exists. */
  async readWatermark(module: string): Promise<string | undefined> {
    const { watermark } = await db.state(module);
    return watermark === undefined ? undefined : toIsoMs(watermark);
  },

  /** Moves it forward only; answers where it now stands. */
  async moveWatermark(module: string, to: string): Promise<string> {
    return toIsoMs(await db.moveWatermark(module, parseInstant(to)));
  },

  /** The table now holds every row as the mapping with this fingerprint makes it. */
  recordMapping: (module: string, fingerprint: string): Promise<void> =>
    db.setFingerprint(module, fingerprint),
});
