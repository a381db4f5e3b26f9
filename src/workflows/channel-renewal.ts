// Keeps Zoho's notification channel alive for years: renews, sleeps, renews. Only cancelling ends it, and that unsubscribes.
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import {
  signals,
  updates,
  type ChannelRenewalInput,
  type ChannelStatus,
  type ErrorType,
  type KnownChannel,
  type ModuleSettings,
} from '../contracts';
import { quick, watermarkOf } from './activities';
import { Desk } from './desk';
import { failureOf, isFailure } from './failure';
import { counted, moment } from './details';
import { checkInput } from './input';
import { open } from './open';
import { RunLimits } from './run-limits';

const renewNow = defineUpdate<ChannelStatus>(updates.renewNow);
const loadAgain = defineUpdate<ChannelStatus>(updates.loadAgain);
const channelDoubted = defineSignal(signals.channelDoubted);

const hourMs = 3_600_000;
const beforeExpiryMs = 5 * 60_000;
/** Whatever expiry Zoho returns, it is not asked more often than this. */
const leastWaitMs = 60_000;
const renewalsPerRun = 30;

export async function ChannelRenewal(input: ChannelRenewalInput): Promise<ChannelStatus> {
  const { module, carried } = checkInput('ChannelRenewal', input, { module: 'module', carried: 'carried' });
  const {
    paused: _paused,
    lastError: _error,
    lastErrorType: _type,
    gap,
    doubted,
    ...known
  } = carried ?? { renewals: 0 };
  const desk = new Desk<ChannelStatus>(
    { module, phase: 'starting', health: 'ok', ...known },
    describe,
    carried,
  );
  const channel = new Watch(desk, { gap: gap ?? false, doubted: doubted ?? false }, Date.now());
  const bell = new Bell(desk);
  takeLoadAgain(desk);
  const limits = new RunLimits();
  try {
    // Also a pause of months must not keep the run from ending in time.
    await limits.within(() => keepAlive(desk, channel, bell, limits));
    await continueAsNew<typeof ChannelRenewal>({ module, carried: { ...desk.carry(), ...channel.carry() } });
  } catch (error) {
    // A channel that cannot be dropped expires by itself; the run is cancelled, or refused, all the same.
    const dropped = isCancellation(error) ? {} : { scheduleToCloseTimeout: '1m' as const };
    if (isCancellation(error) || isFailure(error, 'InvalidInput'))
      await CancellationScope.nonCancellable(() =>
        quick.dropChannel.executeWithOptions({ summary: `${module}: unsubscribe`, ...dropped }, [
          module,
          desk.read().channelId,
        ]),
      ).catch(() => undefined);
    // What is refused is said in the first line, not as the cause of a failed activity.
    throw isFailure(error, 'InvalidInput') ? failureOf(error) : error;
  }
  return desk.read();
}

/** Renews until it is time for another run. */
async function keepAlive(
  desk: Desk<ChannelStatus>,
  channel: Watch,
  bell: Bell,
  limits: RunLimits,
): Promise<void> {
  const { module, nextRenewalAt } = desk.read();
  const settings = await open(desk, module, { fresh: false });
  if (settings.polling)
    throw ApplicationFailure.nonRetryable(
      'PUBLIC_URL is not set, so there is no channel to renew',
      'InvalidInput',
    );
  // A run that continues another goes on waiting where that one stopped.
  let waitMs = nextRenewalAt ? Date.parse(nextRenewalAt) - Date.now() : 0;
  for (let round = 1; ; round += 1) {
    const by = waitMs > 0 ? await untilRenewal(desk, channel, bell, waitMs) : undefined;
    await desk.waitWhilePaused();
    waitMs = await renew(desk, settings, channel, by);
    bell.answered();
    if (round < renewalsPerRun && !limits.reached) continue;
    await condition(() => allHandlersFinished() || bell.rung);
    // Nothing may happen between this check and continue-as-new, or an update that came in between would be lost.
    if (!bell.rung) return;
  }
}

async function untilRenewal(
  desk: Desk<ChannelStatus>,
  channel: Watch,
  bell: Bell,
  waitMs: number,
): Promise<'resume' | 'sibling' | undefined> {
  const asked = desk.listen();
  await condition(() => bell.rung || channel.doubted || asked() !== undefined, waitMs, {
    summary: `${desk.read().module}: next renewal of the channel`,
  });
  return asked();
}

/** One renewal. Answers how long to wait for the next; where a person must act, an hour. */
async function renew(
  desk: Desk<ChannelStatus>,
  { module, renewEveryMs }: ModuleSettings,
  channel: Watch,
  askedBy: 'resume' | 'sibling' | undefined,
): Promise<number> {
  desk.show({ phase: 'renewing' });
  const known = channel.known();
  try {
    const renewed = await quick.renewChannel.executeWithOptions({ summary: `${module}: renew the channel` }, [
      module,
      known,
    ]);
    // The channel had lapsed: whatever Zoho reported meanwhile reached nobody.
    if (renewed.subscribedAnew) channel.gap = true;
    // Remembered until it worked: the next renewal finds a channel and knows of no gap.
    if (channel.gap) await healGap(module, desk.read().verifiedAt);
    channel.gap = false;
    // A doubt that came while a mere update was under way is the next renewal's.
    if (known.doubted) channel.doubted = false;
    const untilExpiryMs = Math.max(renewed.expiresInMs - beforeExpiryMs, leastWaitMs);
    const waitMs = Math.min(renewEveryMs, untilExpiryMs);
    const wasDegraded = desk.markRecovered();
    desk.show({
      phase: 'waiting',
      channelId: renewed.channelId,
      expiresAt: renewed.expiresAt,
      verifiedAt: new Date(Date.parse(renewed.expiresAt) - renewed.expiresInMs).toISOString(),
      nextRenewalAt: new Date(Date.now() + waitMs).toISOString(),
      renewals: desk.read().renewals + 1,
      notNotified: undefined,
    });
    if (wasDegraded && askedBy !== 'sibling') await desk.wakeSiblings();
    return waitMs;
  } catch (error) {
    const failure = failureOf(error);
    if (!failure || failure.type === 'InvalidInput') throw error;
    if (failure.type === ('NotNotified' satisfies ErrorType)) {
      desk.markRecovered();
      desk.show({
        phase: 'waiting',
        notNotified: failure.message,
        nextRenewalAt: new Date(Date.now() + renewEveryMs).toISOString(),
      });
      return renewEveryMs;
    }
    desk.markDegraded(failure);
    desk.show({ phase: 'waiting', nextRenewalAt: new Date(Date.now() + hourMs).toISOString() });
    return hourMs;
  }
}

/** From the watermark, or from when the channel was last seen alive if that is earlier. */
async function healGap(module: string, verifiedAt: string | undefined): Promise<void> {
  const watermark = await watermarkOf(module);
  // Without one a load is under way or still to come, and ends with a catch-up of its own.
  if (!watermark) return;
  const earlier = verifiedAt !== undefined && Date.parse(verifiedAt) < Date.parse(watermark);
  await quick.requestCatchUp.executeWithOptions({ summary: `${module}: heal the gap` }, [
    module,
    earlier ? { since: verifiedAt } : {},
  ]);
}

/** Of a module's workflows this is the one that always runs, so it takes what an operator wants of the module as a whole. */
const takeLoadAgain = (desk: Desk<ChannelStatus>): void =>
  setHandler(
    loadAgain,
    async () => {
      const { module } = desk.read();
      await quick.startLoad.executeWithOptions({ summary: `${module}: load again` }, [module]);
      return desk.read();
    },
    { description: 'Loads the module again, completely, over the old rows: starts InitialSync' },
  );

/** What is known of the channel beside the status, and whether it is believed. */
class Watch {
  gap: boolean;
  doubted: boolean;

  constructor(
    private readonly desk: Desk<ChannelStatus>,
    carried: { gap: boolean; doubted: boolean },
    startedMs: number,
  ) {
    this.gap = carried.gap;
    this.doubted = carried.doubted;
    const { doubtedAt } = desk.read();
    let lastMs = doubtedAt ? Date.parse(doubtedAt) : startedMs;
    setHandler(
      channelDoubted,
      () => {
        // Some modules are never notified, whatever one subscribes: once an hour is enough.
        if (desk.isPaused || desk.read().notNotified || Date.now() - lastMs < hourMs) return;
        lastMs = Date.now();
        this.doubted = true;
        desk.show({ doubtedAt: new Date(lastMs).toISOString() });
      },
      { description: 'Changes come by catch-up and none is notified: subscribes anew, once an hour at most' },
    );
  }

  known(): KnownChannel {
    const { channelId, expiresAt } = this.desk.read();
    return {
      ...(channelId ? { channelId } : {}),
      ...(expiresAt ? { expiresAt } : {}),
      ...(this.doubted ? { doubted: true } : {}),
    };
  }

  carry(): NonNullable<ChannelRenewalInput['carried']> {
    const { renewals, channelId, expiresAt, nextRenewalAt, verifiedAt, doubtedAt, notNotified } =
      this.desk.read();
    return {
      renewals,
      ...(channelId ? { channelId } : {}),
      ...(expiresAt ? { expiresAt } : {}),
      ...(nextRenewalAt ? { nextRenewalAt } : {}),
      ...(verifiedAt ? { verifiedAt } : {}),
      ...(doubtedAt ? { doubtedAt } : {}),
      ...(notNotified ? { notNotified } : {}),
      ...(this.gap ? { gap: true } : {}),
      ...(this.doubted ? { doubted: true } : {}),
    };
  }
}

/** `renewNow`: rings, and answers with the status after the next attempt. */
class Bell {
  private rings = 0;
  private heard = 0;
  private answers = 0;

  constructor(desk: Desk<ChannelStatus>) {
    setHandler(
      renewNow,
      async () => {
        this.rings += 1;
        const mine = this.rings;
        await condition(() => this.answers >= mine);
        return desk.read();
      },
      {
        description: 'Renews the channel at once and answers with the outcome',
        validator: () => {
          if (desk.isPaused)
            throw ApplicationFailure.nonRetryable(
              'the renewal of the channel is paused: resume it first',
              'ChannelPaused' satisfies ErrorType,
            );
        },
      },
    );
  }

  get rung(): boolean {
    return this.rings > this.heard;
  }

  /** A renewal has been tried; it answers every ring that came before it ended. */
  answered(): void {
    this.heard = this.rings;
    this.answers = this.rings;
  }
}

const describe = ({
  channelId,
  expiresAt,
  nextRenewalAt,
  doubtedAt,
  notNotified,
  renewals,
}: ChannelStatus): string[] => [
  notNotified ?? (expiresAt ? `Channel ${channelId} is alive until ${moment(expiresAt)}` : 'No channel yet'),
  ...(nextRenewalAt
    ? [`Next renewal at ${moment(nextRenewalAt)}; ${counted(renewals, 'renewal')} so far`]
    : []),
  ...(doubtedAt
    ? [`Changes came by catch-up and none was notified: subscribed anew at ${moment(doubtedAt)}`]
    : []),
];
