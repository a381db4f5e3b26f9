// Makes a table equal to its module: ensure the table → match old rows → subscribe → loop over Bulk Read pages → sweep → set the
// watermark → catch up.
import { ApplicationFailure } from '@temporalio/workflow';
import { noCounts, type InitialSyncInput, type LoadStatus, type ModuleSettings } from '../contracts';
import { quick } from './activities';
import { Desk } from './desk';
import { moment, progress } from './details';
import { PageExport } from './export-pages';
import { followChanges } from './follow-changes';
import { checkInput } from './input';
import { matchOldRows } from './match-old-rows';
import { open } from './open';
import { recorded } from './run-record';
import { sweep } from './sweep';

export async function InitialSync(input: InitialSyncInput): Promise<LoadStatus> {
  const { module } = checkInput('InitialSync', input, { module: 'module' });
  const desk = new Desk<LoadStatus>(
    { module, phase: 'starting', health: 'ok', counts: noCounts(), pages: 0 },
    describe,
  );
  const pages = new PageExport(desk, module);
  return recorded(desk, module, async () => {
    const settings = await open(desk, module);
    if (settings.remarks?.length) desk.show({ remarks: settings.remarks });
    const t0 = await begin(desk, module);
    // Before anything can bring a record that an old row stands for.
    await matchOldRows(desk, settings, pages);
    await subscribe(desk, settings);
    const { observedAt, counts } = await pages.run(settings);
    await sweep(desk, module, { before: observedAt, rows: counts.read });
    await complete(desk, settings, t0);
    await followChanges(desk, settings, pages, t0);
  });
}

/** Everything that Zoho changes after T0 is seen by a notification or by the catch-up at the end. */
async function begin(desk: Desk<LoadStatus>, module: string): Promise<string> {
  const t0 = await desk.untilDone(() =>
    quick.beginLoad.executeWithOptions({ summary: `${module}: what time is it at Zoho?` }, [module]),
  );
  desk.show({ t0 });
  return t0;
}

/** Before the export: an edit made while a job runs is in no page, only in a notification. ChannelRenewal owns the channel. */
async function subscribe(desk: Desk<LoadStatus>, { module, polling }: ModuleSettings): Promise<void> {
  if (polling) return;
  desk.show({ phase: 'subscribing' });
  await desk.untilDone(async () => {
    const channel = await quick.ensureChannel.executeWithOptions({ summary: `${module}: subscribe` }, [
      module,
    ]);
    // By catch-up too everything comes, only later.
    if (channel.notNotified) desk.show({ remarks: [channel.notNotified, ...(desk.read().remarks ?? [])] });
    if (channel.health === 'degraded')
      throw ApplicationFailure.nonRetryable(
        channel.lastError ?? 'The channel cannot be subscribed',
        'ZohoPermanent',
      );
  });
}

async function complete(
  desk: Desk<LoadStatus>,
  { module, fingerprint }: ModuleSettings,
  t0: string,
): Promise<void> {
  const watermark = await desk.untilDone(() =>
    quick.completeLoad.executeWithOptions({ summary: `${module}: set the watermark, make the schedules` }, [
      { module, t0, fingerprint },
    ]),
  );
  desk.show({ watermark });
}

const remarksShown = 10;

const describe = (status: LoadStatus): string[] => [
  ...progress(status),
  ...(status.t0 ? [`Started at ${moment(status.t0)} by Zoho's clock`] : []),
  ...remarksOf(status),
];

const remarksOf = ({ remarks = [] }: LoadStatus): string[] => [
  ...remarks.slice(0, remarksShown),
  ...(remarks.length > remarksShown
    ? [`and ${remarks.length - remarksShown} more remarks in the status`]
    : []),
];
