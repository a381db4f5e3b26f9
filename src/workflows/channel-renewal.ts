// Keeps Zoho's notification channel alive for years: renews, sleeps, renews. Only cancelling ends it, and that unsubscribes.
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineUpdate,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { updates, type ChannelRenewalInput, type ChannelStatus, type ModuleSettings } from '../contracts';
import { quick } from './activities';
import { Desk, failureOf } from './desk';
import { checkInput } from './input';
import { open } from './open';

const renewNow = defineUpdate<ChannelStatus>(updates.renewNow);

const hourMs = 3_600_000;
const beforeExpiryMs = 5 * 60_000;
/** Whatever expiry Zoho returns, it is not asked more often than this. */
const leastWaitMs = 60_000;
const renewalsPerRun = 30;

export async function ChannelRenewal(input: ChannelRenewalInput): Promise<ChannelStatus> {
  const { module, carried } = checkInput('ChannelRenewal', input, { module: 'module', carried: 'carried' });
  const desk = new Desk<ChannelStatus>(
    {
      module,
      phase: 'starting',
      health: 'ok',
      renewals: 0,
      ...carried,
    },
    describe,
  );
  const bell = new Bell(desk);
  const settings = await open(desk, module, { fresh: false });
  if (settings.polling)
    throw ApplicationFailure.nonRetryable(
      'PUBLIC_URL is not set, so there is no channel to renew',
      'InvalidInput',
    );

  const gap = { open: false };
  try {
    // A run that continues another goes on waiting where that one stopped.
    let waitMs = carried?.nextRenewalAt ? Date.parse(carried.nextRenewalAt) - Date.now() : 0;
    for (let round = 1; ; round += 1) {
      if (waitMs > 0) await untilRenewal(desk, bell, module, waitMs);
      await desk.gate();
      waitMs = await renew(desk, settings, gap);
      bell.answered();
      if (round >= renewalsPerRun || workflowInfo().continueAsNewSuggested)
        await startAfresh(desk, bell, module);
    }
  } catch (error) {
    // A channel that cannot be dropped expires by itself; the run is cancelled all the same.
    if (isCancellation(error))
      await CancellationScope.nonCancellable(() => quick.dropChannel(module)).catch(() => undefined);
    throw error;
  }
}

async function untilRenewal(
  desk: Desk<ChannelStatus>,
  bell: Bell,
  module: string,
  waitMs: number,
): Promise<void> {
  const seen = desk.resumes;
  await condition(() => bell.rung || desk.resumes > seen, waitMs, {
    summary: `${module}: next renewal of the channel`,
  });
}

/** One renewal. Answers how long to wait for the next; where a person must act, an hour. */
async function renew(
  desk: Desk<ChannelStatus>,
  { module, renewEveryMs }: ModuleSettings,
  gap: { open: boolean },
): Promise<number> {
  desk.show({ phase: 'renewing' });
  try {
    const channel = await quick.renewChannel.executeWithOptions({ summary: `${module}: renew the channel` }, [
      module,
    ]);
    const { renewals } = desk.read();
    // The channel had lapsed: whatever Zoho reported meanwhile reached nobody.
    if (channel.subscribedAnew) gap.open = true;
    // Remembered until it worked: the next renewal finds a channel and knows of no gap.
    if (gap.open) await healGap(module);
    gap.open = false;
    const untilExpiryMs = Math.max(channel.expiresInMs - beforeExpiryMs, leastWaitMs);
    const waitMs = Math.min(renewEveryMs, untilExpiryMs);
    desk.recovered();
    desk.show({
      phase: 'waiting',
      channelId: channel.channelId,
      expiresAt: channel.expiresAt,
      nextRenewalAt: new Date(Date.now() + waitMs).toISOString(),
      renewals: renewals + 1,
    });
    return waitMs;
  } catch (error) {
    const failure = failureOf(error);
    if (!failure || failure.type === 'InvalidInput') throw error;
    desk.troubled(failure);
    desk.show({ phase: 'waiting', nextRenewalAt: new Date(Date.now() + hourMs).toISOString() });
    return hourMs;
  }
}

async function healGap(module: string): Promise<void> {
  const watermark = await quick.readWatermark(module);
  // Without one a load is under way or still to come, and ends with a catch-up of its own.
  if (watermark)
    await quick.requestCatchUp.executeWithOptions({ summary: `${module}: heal the gap` }, [module, {}]);
}

/**
 * Nothing may happen between the check and continue-as-new, or an update that came in between would be lost. Trouble is not
 * carried over, so a degraded run goes on as it is.
 */
async function startAfresh(desk: Desk<ChannelStatus>, bell: Bell, module: string): Promise<void> {
  await condition(() => allHandlersFinished() || bell.rung);
  const { health, renewals, channelId, expiresAt, nextRenewalAt } = desk.read();
  if (bell.rung || health === 'degraded') return;
  await continueAsNew<typeof ChannelRenewal>({
    module,
    carried: {
      renewals,
      ...(channelId ? { channelId } : {}),
      ...(expiresAt ? { expiresAt } : {}),
      ...(nextRenewalAt ? { nextRenewalAt } : {}),
    },
  });
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
          if (desk.isPaused) throw new Error('ChannelRenewal is paused: resume it first');
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

const describe = ({ channelId, expiresAt, nextRenewalAt, renewals }: ChannelStatus): string[] => [
  channelId ? `Channel ${channelId}, alive until ${expiresAt}` : 'No channel yet',
  ...(nextRenewalAt ? [`Next renewal at ${nextRenewalAt}`] : []),
  `${renewals} renewals`,
];
