// What the database remembers of runs: the watermark, and a row a run, also of failed ones.
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import { noCounts, workflowTypes, type Counts } from '../contracts';
import { DatabaseError, type Database } from '../db';
import { instant, parseInstant, toIsoMs } from '../mirror';
import { ensureSchedules, giveUpChannel, startInitialSync } from '../temporal';
import { happened } from './counts';
import type { Deps } from './deps';
import { loadedAs, loadFingerprint } from './loaded-as';

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
  /** Of what every row depends on, as it was when the load began. */
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

/** Long enough to look back, short enough for rows that hold personal data. */
const settledKeptMs = 90 * 86_400_000;
const pruneEveryMs = 86_400_000;

export const createRunActivities = (deps: Deps) => activitiesOf(deps, new Map());

/** @param pruned when each module's own tables were last pruned. */
const activitiesOf = ({ zoho, db, temporal, config, catalog }: Deps, pruned: Map<string, number>) => ({
  /** Records that a load has begun, and answers T0: Zoho's clock as an answer of its shows it, ISO. */
  async beginLoad(module: string): Promise<string> {
    const t0 = await zoho.receivedDate(cancellationSignal());
    await db.recordRun({ ...thisRun(), module, outcome: 'running', counts: noCounts() });
    log.info('load begun', { t0: toIsoMs(t0) });
    return toIsoMs(t0);
  },

  /** The table holds every row as the load's settings make it, up to T0: watermark, settings, and the schedules that keep it so. */
  async completeLoad({ module, t0, fingerprint }: CompleteLoad): Promise<string> {
    const watermark = await db.moveWatermark(module, parseInstant(t0));
    const plan = await catalog.plan(module, { signal: cancellationSignal() });
    // Where they have changed meanwhile, what the first pages were loaded as is known by its fingerprint only.
    const asNow = fingerprint === loadFingerprint(plan) ? loadedAs(plan) : undefined;
    await db.setLoaded(module, fingerprint, asNow);
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

  /** Where it was a first load that failed, its channel is given up as well. */
  async recordRun({ detail, startedAt, ...end }: RunEnd): Promise<void> {
    await db.recordRun({
      ...thisRun(),
      ...end,
      startedAt: parseInstant(startedAt),
      ...(detail ? { detail } : {}),
    });
    const loadFailed = end.outcome === 'failed' && thisRun().workflow === workflowTypes.initialSync;
    // A module that was never loaded has no use for notifications; the next load subscribes again.
    if (loadFailed && (await db.state(end.module)).watermark === undefined)
      await giveUpChannel(temporal, end.module);
    tellEnd(end.outcome, end.counts, Date.now() - Date.parse(startedAt));
    await pruneDaily(db, end.module, pruned);
  },
});

/** Beside a run that is recorded anyway. What cannot be removed now can be tomorrow. */
async function pruneDaily(db: Database, module: string, pruned: Map<string, number>): Promise<void> {
  const now = Date.now();
  if (now - (pruned.get(module) ?? 0) < pruneEveryMs) return;
  try {
    const more = await db.prune(module, instant(now - settledKeptMs));
    if (!more) pruned.set(module, now);
  } catch (error) {
    log.debug('own tables not pruned', {
      reason: error instanceof DatabaseError ? error.message : 'unknown',
    });
  }
}

/** A catch-up that found nothing is no event. */
function tellEnd(outcome: RunEnd['outcome'], counts: Counts, ms: number): void {
  const rows = happened(counts);
  const quiet = thisRun().workflow === workflowTypes.catchUpSync && Object.keys(rows).length === 0;
  const level = outcome === 'failed' ? 'warn' : quiet && outcome === 'done' ? 'debug' : 'info';
  log[level](`run ${outcome}`, { rows, seconds: Math.round(ms / 1_000) });
}

function thisRun(): { runId: string; workflow: string } {
  const { workflowExecution, workflowType } = activityInfo();
  return { runId: workflowExecution!.runId, workflow: workflowType ?? '' };
}
