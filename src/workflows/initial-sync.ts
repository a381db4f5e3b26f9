// Makes a table equal to its module: subscribe → ensure the table → loop over Bulk Read pages → sweep → record the watermark.
import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { noCounts, type InitialSyncInput, type LoadStatus, type ModuleSettings } from '../contracts';
import type { RunEnd } from '../activities';
import { quick } from './activities';
import { Desk, failureOf } from './desk';
import { PageExport } from './export-pages';
import { followChanges } from './follow-changes';
import { checkInput } from './input';
import { sweep } from './sweep';

export async function InitialSync(input: InitialSyncInput): Promise<LoadStatus> {
  const { module } = checkInput('InitialSync', input, { module: 'module' });
  const desk = new Desk<LoadStatus>(
    { module, phase: 'starting', health: 'ok', counts: noCounts(), pages: 0 },
    describe,
  );
  const pages = new PageExport(desk, module);
  const settings = await desk.persist(() =>
    quick.openModule.executeWithOptions({ summary: `${module}: can it be mirrored?` }, [module]),
  );
  desk.settle(settings);

  return recorded(desk, module, async () => {
    // Everything that Zoho changes after T0 is seen by a notification or by the catch-up at the end.
    const t0 = await desk.persist(() =>
      quick.askZohoTime.executeWithOptions({ summary: "Zoho's clock: T0" }, []),
    );
    desk.show({ t0 });
    // Before the export: an edit made while a job runs is in no page, only in a notification.
    await subscribe(desk, settings);
    await prepareTable(desk, module);
    const { observedAt } = await pages.run(settings);
    await sweep(desk, module, observedAt);
    await settleWatermark(desk, settings, t0);
    await followChanges(desk, settings, pages, t0);
  });
}

/** ChannelRenewal owns the channel; this waits until it has one. */
async function subscribe(desk: Desk<LoadStatus>, { module, polling }: ModuleSettings): Promise<void> {
  if (polling) return;
  desk.show({ phase: 'subscribing' });
  await desk.persist(async () => {
    const channel = await quick.ensureChannel.executeWithOptions({ summary: `${module}: subscribe` }, [
      module,
    ]);
    if (channel.health === 'degraded')
      throw ApplicationFailure.nonRetryable(
        channel.lastError ?? 'The channel cannot be subscribed',
        'ZohoPermanent',
      );
  });
}

async function prepareTable(desk: Desk<LoadStatus>, module: string): Promise<void> {
  desk.show({ phase: 'preparing' });
  await desk.persist(() =>
    quick.prepareTable.executeWithOptions({ summary: `${module}: ensure the table` }, [module]),
  );
}

async function settleWatermark(
  desk: Desk<LoadStatus>,
  { module, fingerprint }: ModuleSettings,
  t0: string,
): Promise<void> {
  const watermark = await desk.persist(() =>
    quick.moveWatermark.executeWithOptions({ summary: `${module}: watermark` }, [module, t0]),
  );
  desk.show({ watermark });
  await desk.persist(() =>
    quick.recordMapping.executeWithOptions({ summary: `${module}: mapping` }, [module, fingerprint]),
  );
  await desk.persist(() =>
    quick.ensureSchedules.executeWithOptions({ summary: `${module}: schedules` }, [module]),
  );
}

/** Leaves a row in `sync_run`, however the run ends. */
async function recorded(
  desk: Desk<LoadStatus>,
  module: string,
  work: () => Promise<void>,
): Promise<LoadStatus> {
  const record = (outcome: RunEnd['outcome'], detail?: string, within?: '1m'): Promise<void> =>
    quick.recordRun.executeWithOptions(
      { summary: `${module}: record the run`, ...(within ? { scheduleToCloseTimeout: within } : {}) },
      [{ module, outcome, counts: desk.read().counts, ...(detail ? { detail } : {}) }],
    );
  try {
    await desk.persist(() => record('running'));
    await work();
    desk.show({ phase: 'done' });
    await desk.persist(() => record('done'));
    return desk.read();
  } catch (error) {
    const outcome = isCancellation(error) ? 'cancelled' : 'failed';
    // Not for ever: a database that is down must not keep a cancelled run alive, nor hide why this one failed.
    await CancellationScope.nonCancellable(() => record(outcome, failureOf(error)?.message, '1m')).catch(
      () => undefined,
    );
    throw error;
  }
}

const describe = ({ counts, pages, page, t0, watermark }: LoadStatus): string[] => [
  ...(page ? [`Page ${page.number} of the export: ${page.rows} rows`] : []),
  `${pages} pages done: ${counts.read} rows read, ${counts.inserted} inserted, ${counts.updated} updated, ` +
    `${counts.unchanged} unchanged, ${counts.stale} stale, ${counts.deleted} deleted, ${counts.rejected} rejected`,
  ...(t0 ? [`Started at ${t0} by Zoho's clock`] : []),
  ...(watermark ? [`Complete up to ${watermark}`] : []),
];
