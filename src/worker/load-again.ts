// What is mirrored may change: by the configuration at a start, or by a field that appears in Zoho meanwhile. Its column takes values at once,
// but rows that do not change would have none until the weekly Reconcile; a load fills them.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { changesSince, inWords, loadedAs, loadFingerprint, type Deps } from '../activities';
import { workflowIds } from '../contracts';
import type { Log } from '../process';
import { lastRun, pausedSchedulesOf, startInitialSync } from '../temporal';

const lookEveryMs = 3_600_000;
/** Somebody may be at work on the module's fields all day long, and a load may cost a thousand credits. */
const restMs = 24 * 3_600_000;

/** Loads again where rows would be wrong or missing otherwise; every other change just counts from now on. */
export async function applyChanges({ db, catalog, temporal }: Deps, module: string, log: Log): Promise<void> {
  const state = await db.state(module);
  if (state.watermark === undefined) return;
  const plan = await catalog.plan(module);
  const changes = changesSince(state, plan);
  if (changes.some(({ reloads }) => reloads)) {
    log.info({ module, changes: inWords(changes) }, 'what is mirrored has changed; loading again');
    const [first, ...more] = changes.filter(({ reloads }) => reloads);
    const others = more.length > 0 ? ` and ${more.length} more` : '';
    await startInitialSync(temporal, module, `Loads ${module} again: ${first?.text}${others}`);
    return;
  }
  if (changes.length > 0)
    log.info({ module, changes: inWords(changes) }, 'what is mirrored has changed; no load is needed');
  if (changes.length > 0 || state.loadedAs === undefined)
    await db.setLoaded(module, loadFingerprint(plan), loadedAs(plan));
}

/** Looks hourly until the process stops. */
export async function loadAgainWhenChanged(
  deps: Deps,
  log: Log,
  { stopping, pause = untilLater }: { stopping: AbortSignal; pause?: typeof untilLater },
): Promise<void> {
  for (;;) {
    await pause(lookEveryMs, stopping);
    for (const module of Object.keys(deps.config.modules)) {
      try {
        if (await mayLoad(deps.temporal, module)) await applyChanges(deps, module, log);
      } catch (error) {
        // The module's workflows meet the same, and say so.
        log.debug(
          { module, reason: error instanceof Error ? error.message : String(error) },
          'not looked at',
        );
      }
    }
  }
}

const untilLater = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal });

/** A load that somebody has ended, or a module that is paused, is left alone until the next start. */
async function mayLoad(temporal: Client, module: string): Promise<boolean> {
  const { status = 'COMPLETED', endedMs = 0 } = await lastRun(temporal, workflowIds.initialSync(module));
  if (status !== 'COMPLETED' || Date.now() - endedMs < restMs) return false;
  return (await pausedSchedulesOf(temporal, module)).length === 0;
}
