// Applies what Zoho notifies: gathers changed ids over a short window, re-reads them, merges. The notification itself is only a hint.
import { condition, continueAsNew, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  addCounts,
  noCounts,
  signals,
  type Hint,
  type ModuleSettings,
  type NotificationSyncInput,
  type NotificationSyncStatus,
} from '../contracts';
import { quick, reading } from './activities';
import { Desk } from './desk';
import { HintInbox } from './hint-inbox';
import { checkInput, isInstant, isObject } from './input';
import { open } from './open';

const recordsChanged = defineSignal<[Hint]>(signals.recordsChanged);

const idsPerRead = 500;
const idleMs = 10 * 60_000;
/** The server stops taking signals at 10,000 a run and does not warn before. */
const hintsPerRun = 1_000;

export async function NotificationSync(input: NotificationSyncInput): Promise<NotificationSyncStatus> {
  const { module, carried } = checkInput('NotificationSync', input, { module: 'module', carried: 'carried' });
  const inbox = new HintInbox(carried, Date.now());
  setHandler(
    recordsChanged,
    (hint) => {
      if (isHint(hint)) inbox.take(hint, Date.now());
    },
    {
      description: 'Ids that Zoho says have changed',
    },
  );
  const desk = new Desk<NotificationSyncStatus>(
    {
      module,
      phase: 'starting',
      health: 'ok',
      counts: carried?.counts ?? noCounts(),
      hints: carried?.hints ?? 0,
      pending: 0,
    },
    describe,
  );
  const settings = await open(desk, module, { fresh: false });

  while (await gather(desk, inbox, settings)) {
    await readBatch(desk, inbox, module);
    if (inbox.hintsThisRun >= hintsPerRun || workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof NotificationSync>({
        module,
        carried: {
          pending: inbox.carry(),
          counts: desk.read().counts,
          hints: inbox.hints,
          ...(inbox.floodedSince === undefined ? {} : { floodedSince: inbox.floodedSince }),
        },
      });
  }
  desk.show({ phase: 'done' });
  return desk.read();
}

const isHint = (hint: unknown): hint is Hint =>
  isObject(hint) &&
  Array.isArray(hint.ids) &&
  hint.ids.every((id) => typeof id === 'string') &&
  isInstant(hint.receivedAt);

/** Waits for work and then for the rest of a window that opens with the first id. False: nothing came for a long while. */
async function gather(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  { module, notificationWindowMs }: ModuleSettings,
): Promise<boolean> {
  await desk.gate();
  desk.show({ phase: 'waiting', pending: inbox.size });
  const ready = (): boolean => inbox.due(Date.now()) > 0 || inbox.floodedSince !== undefined;
  if (!ready()) {
    const waitMs = inbox.nextDueMs(Date.now());
    const came = await condition(ready, waitMs ?? idleMs, { summary: `${module}: wait for notifications` });
    if (!came && waitMs === undefined) return false;
  }
  desk.show({ phase: 'gathering', pending: inbox.size });
  // A fixed window: one that slides would let a steady stream starve it.
  await condition(() => inbox.due(Date.now()) >= idsPerRead, notificationWindowMs, {
    summary: `${module}: gather changed ids`,
  });
  return true;
}

async function readBatch(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  module: string,
): Promise<void> {
  if (inbox.floodedSince !== undefined) await catchUpInstead(desk, inbox, module, inbox.floodedSince);
  const batch = inbox.withdraw(idsPerRead, Date.now());
  if (batch.length === 0) return;
  desk.show({ phase: 'reading', pending: inbox.size + batch.length });
  const ids = batch.map(({ id }) => id);
  const expected = batch.filter((pending) => pending.expected).map(({ id }) => id);
  const receivedAt = inbox.takeOldest();
  const result = await desk.persist(() =>
    reading.rereadRecords.executeWithOptions(
      { summary: `${module}: re-read ${ids.length} changed records` },
      [{ module, ids, expected, ...(receivedAt ? { receivedAt } : {}) }],
    ),
  );
  inbox.askAgain(batch, result.again, Date.now());
  desk.show({
    counts: addCounts(desk.read().counts, result.counts),
    hints: inbox.hints,
    pending: inbox.size,
  });
}

/** Too many ids to remember: everything since the oldest dropped hint is read instead, and since the watermark if that is earlier. */
async function catchUpInstead(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  module: string,
  floodedSince: string,
): Promise<void> {
  // A hint's time of arrival is this house's clock; the watermark is Zoho's.
  const watermark = await desk.persist(() => quick.readWatermark(module));
  const since = watermark && Date.parse(watermark) < Date.parse(floodedSince) ? watermark : floodedSince;
  await desk.persist(() =>
    quick.requestCatchUp.executeWithOptions({ summary: `${module}: flood, catch up instead` }, [
      module,
      { since },
    ]),
  );
  if (inbox.floodedSince === floodedSince) inbox.floodedSince = undefined;
}

const describe = ({ counts, hints, pending }: NotificationSyncStatus): string[] => [
  `${hints} notifications, ${pending} records waiting to be re-read`,
  `${counts.read} read: ${counts.inserted} inserted, ${counts.updated} updated, ${counts.deleted} deleted, ${counts.unchanged} unchanged, ${counts.rejected} rejected`,
];
