// What the database remembers of runs: the watermark, and a row a run, also of failed ones.
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { noCounts, type Counts } from '../contracts';
import { parseInstant, toIsoMs } from '../mirror';
import { ensureSchedules, startInitialSync } from '../temporal';
import type { Deps } from './deps';

export interface RunEnd {
  module: string;
  outcome: 'done' | 'failed' | 'cancelled';
  counts: Counts;
  /** ISO: when the run began. */
  startedAt: string;
  detail?: string;
}

export interface CompleteLoad {
  module: string;
  /** ISO: Zoho's clock before the channel and the export. */
  t0: string;
  /** Of the mapping that every row was made by. */
  fingerprint: string;
}

export interface Advance {
  module: string;
  /** ISO: from when on changes were read. */
  since: string;
  /** ISO: Zoho's clock before they were read. */
  to: string;
}

/** Zoho lists what is in the recycle bin for 60 days, and is asked with an overlap. */
const deletionsListedMs = 59 * 86_400_000;

export const createRunActivities = ({ zoho, db, temporal, config }: Deps) => ({
  /** Records that a load has begun, and answers T0: Zoho's clock as an answer of its shows it, ISO. */
  async beginLoad(module: string): Promise<string> {
    const t0 = await zoho.receivedDate(cancellationSignal());
    await db.recordRun({ ...thisRun(), module, outcome: 'running', counts: noCounts() });
    return toIsoMs(t0);
  },

  /** The table holds every row as this mapping makes it, up to T0: watermark, fingerprint, and the schedules that keep it so. */
  async completeLoad({ module, t0, fingerprint }: CompleteLoad): Promise<string> {
    const watermark = await db.moveWatermark(module, parseInstant(t0));
    await db.setFingerprint(module, fingerprint);
    // Last: a scheduled catch-up needs the watermark.
    await ensureSchedules(temporal, module, config.schedules);
    return toIsoMs(watermark);
  },

  /** ISO, or undefined while no complete load exists. */
  async readWatermark(module: string): Promise<string | undefined> {
    const { watermark } = await db.state(module);
    return watermark === undefined ? undefined : toIsoMs(watermark);
  },

  /**
   * Moves the watermark, only forward, only when changes were read from it or from earlier, and only when a complete load
   * exists. Answers where it now stands, or undefined when it was none of this run's business. Where it stands so far back that Zoho no
   * longer lists every deletion since then, it stays, and a load begins: its sweep finds them.
   */
  async advanceWatermark({ module, since, to }: Advance): Promise<string | undefined> {
    const { watermark } = await db.state(module);
    if (watermark === undefined || parseInstant(since) > watermark) return undefined;
    if (parseInstant(to) - watermark > deletionsListedMs) {
      await startInitialSync(temporal, module, `Loads ${module} again: Zoho no longer lists old deletions`);
      return toIsoMs(watermark);
    }
    return toIsoMs(await db.moveWatermark(module, parseInstant(to)));
  },

  recordRun: ({ detail, startedAt, ...end }: RunEnd): Promise<void> =>
    db.recordRun({
      ...thisRun(),
      ...end,
      startedAt: parseInstant(startedAt),
      ...(detail ? { detail } : {}),
    }),
});

function thisRun(): { runId: string; workflow: string } {
  const { workflowExecution, workflowType } = activityInfo();
  return { runId: workflowExecution!.runId, workflow: workflowType ?? '' };
}
