// Applies what Zoho notifies: gathers changed ids over a short window, re-reads them, merges. The notification itself is only a hint.
import { condition, continueAsNew, defineSignal, setHandler } from '@temporalio/workflow';
import {
  addCounts,
  noCounts,
  signals,
  type Hint,
  type ModuleSettings,
  type NotificationSyncInput,
  type NotificationSyncStatus,
} from '../contracts';
import { quick, reading, watermarkOf } from './activities';
import { Desk } from './desk';
import { counted, countsInWords, moment } from './details';
import { HintInbox } from './hint-inbox';
import { checkInput, isInstant, isObject } from './input';
import { open } from './open';
import { RunLimits } from './run-limits';

const recordsChanged = defineSignal<[Hint]>(signals.recordsChanged);

const idsPerRead = 500;
/** Zoho is asked for so many at a time. */
const idsPerCall = 100;
const idleMs = 10 * 60_000;

export async function NotificationSync(input: NotificationSyncInput): Promise<NotificationSyncStatus> {
  const { module, carried } = checkInput('NotificationSync', input, { module: 'module', carried: 'carried' });
  const inbox = new HintInbox(carried, Date.now());
  const limits = new RunLimits();
  const desk = new Desk<NotificationSyncStatus>(
    {
      module,
      phase: 'starting',
      health: 'ok',
      counts: carried?.counts ?? noCounts(),
      hints: inbox.hints,
      pending: inbox.size,
    },
    describe,
    carried,
  );
  setHandler(
    recordsChanged,
    (hint) => {
      limits.signals += 1;
      if (isHint(hint)) inbox.take(hint, Date.now());
      show(desk, inbox);
    },
    {
      description: 'Ids that Zoho says have changed',
    },
  );
  // Also a read that is stuck while Zoho is away, or an operator's pause, must not keep the run from ending in time.
  const end = await limits.within(() => followHints(desk, inbox, module, limits));
  if (end !== 'idle')
    await continueAsNew<typeof NotificationSync>({
      module,
      carried: { ...inbox.carry(), ...desk.carry(), counts: desk.read().counts },
    });
  desk.show({ phase: 'done' });
  return desk.read();
}

async function followHints(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  module: string,
  limits: RunLimits,
): Promise<'idle' | 'reached'> {
  const settings = await open(desk, module, { fresh: false });
  while (await gather(desk, inbox, settings)) {
    await readBatch(desk, inbox, module);
    if (limits.reached) return 'reached';
  }
  return 'idle';
}

const isHint = (hint: unknown): hint is Hint =>
  isObject(hint) &&
  Array.isArray(hint.ids) &&
  hint.ids.every((id) => typeof id === 'string') &&
  isInstant(hint.receivedAt) &&
  (hint.notifications === undefined || Number.isInteger(hint.notifications));

/** Waits for work and then for the rest of a window that opens with the first id. False: nothing came for a long while. */
async function gather(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  { module, notificationWindowMs }: ModuleSettings,
): Promise<boolean> {
  const ready = (): boolean => inbox.due(Date.now()) > 0 || inbox.flooded;
  for (;;) {
    await desk.waitWhilePaused();
    show(desk, inbox, { phase: 'waiting' });
    if (ready()) break;
    const waitMs = inbox.nextDueMs(Date.now());
    const came = await condition(ready, waitMs ?? idleMs, { summary: `${module}: wait for notifications` });
    if (came || waitMs !== undefined) break;
    // A pause outlives an idle while.
    if (!desk.isPaused) return false;
  }
  show(desk, inbox, { phase: 'gathering' });
  // A fixed window: one that slides would let a steady stream starve it. What came during the last re-read has waited for that long.
  const leftMs = notificationWindowMs - inbox.waitedMs(Date.now());
  const full = (): boolean => inbox.due(Date.now()) >= idsPerRead;
  if (leftMs > 0) await condition(full, leftMs, { summary: `${module}: gather changed ids` });
  return true;
}

async function readBatch(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  module: string,
): Promise<void> {
  await catchUpInstead(desk, inbox, module);
  const due = inbox.due(Date.now());
  // Whole calls: what is left over has come last, and is the next batch's.
  const whole = due > idsPerCall ? due - (due % idsPerCall) : due;
  const batch = inbox.withdraw(Math.min(whole, idsPerRead), Date.now());
  if (batch.length === 0) return;
  show(desk, inbox, { phase: 'reading' });
  const ids = batch.map(({ id }) => id);
  const expected = batch.filter((pending) => pending.expected).map(({ id }) => id);
  const receivedAt = inbox.takeOldest();
  const result = await desk.untilDone(
    () =>
      reading.rereadRecords.executeWithOptions(
        { summary: `${module}: re-read ${ids.length} changed records` },
        [{ module, ids, expected, ...(receivedAt ? { receivedAt } : {}) }],
      ),
    { news: () => inbox.hints },
  );
  inbox.settle(result.again, Date.now());
  // Trouble of the run before ends with the first batch that works.
  if (desk.markRecovered()) await desk.wakeSiblings();
  show(desk, inbox, { phase: 'waiting', counts: addCounts(desk.read().counts, result.counts) });
}

/** Too many ids to remember: everything since the oldest dropped hint is read instead, and since the watermark if that is earlier. */
async function catchUpInstead(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  module: string,
): Promise<void> {
  const floodedSince = inbox.withdrawFlood();
  if (floodedSince === undefined) return;
  // A hint's time of arrival is this house's clock; the watermark is Zoho's.
  const watermark = await desk.untilDone(() => watermarkOf(module), { news: () => inbox.hints });
  const since = watermark && Date.parse(watermark) < Date.parse(floodedSince) ? watermark : floodedSince;
  await desk.untilDone(() =>
    quick.requestCatchUp.executeWithOptions({ summary: `${module}: flood, catch up instead` }, [
      module,
      { since },
    ]),
  );
  inbox.settleFlood();
}

function show(
  desk: Desk<NotificationSyncStatus>,
  inbox: HintInbox,
  change: Partial<NotificationSyncStatus> = {},
): void {
  const { hints, size: pending, lastHintAt } = inbox;
  desk.show({ hints, pending, ...(lastHintAt ? { lastHintAt } : {}), ...change });
}

const describe = ({ counts, hints, pending, lastHintAt }: NotificationSyncStatus): string[] => [
  `${counted(hints, 'notification')}, ${counted(pending, 'record')} waiting to be re-read`,
  ...(lastHintAt ? [`The last came at ${moment(lastHintAt)}`] : []),
  countsInWords(counts),
];
