// The notification channel at Zoho: renewed, replaced on any doubt, read back, given up.
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { KnownChannel } from '../contracts';
import { instant, parseInstant, toIsoMs, type Instant } from '../mirror';
import { channelId, channelToken, notificationPath } from '../webhook';
import { ZohoError, type Channel, type ChannelRequest, type Verdict, type Zoho } from '../zoho';
import { invalidInput } from './catalog';
import type { Deps } from './deps';
import { failure } from './failures';

export interface RenewedChannel {
  channelId: string;
  /** ISO; as Zoho returned it. */
  expiresAt: string;
  /** Until then, by Zoho's clock: a workflow's own clock may be wrong. */
  expiresInMs: number;
  /** There was, or may have been, no channel of ours to renew: what happened since the last renewal may be lost. */
  subscribedAnew: boolean;
}

export function createChannelActivities({ config, zoho }: Deps) {
  const requestFor = (module: string): ChannelRequest => {
    if (config.publicUrl === undefined)
      throw invalidInput(`PUBLIC_URL is not set, so ${module} has no channel to renew: the mirror polls`);
    return {
      channelId: channelId(config.publicUrl, module),
      module,
      notifyUrl: `${config.publicUrl}${notificationPath}`,
      token: channelToken(config.webhookSecret),
      expiresAt: instant(zoho.now() + config.channel.lifetimeMs),
    };
  };
  const subscribe = async (request: ChannelRequest, signal: AbortSignal): Promise<Channel> => {
    try {
      return await zoho.subscribe(request, signal);
    } catch (error) {
      if (!(error instanceof ZohoError && isAboutModule(error))) throw error;
      const minutes = Math.max(1, Math.round(config.schedules.catchUpMs / 60_000));
      throw failure(
        'NotNotified',
        `Zoho does not notify ${request.module} (${error.code}): its changes come by catch-up, every ${minutes} min`,
      );
    }
  };
  const drop = async (id: string, signal: AbortSignal): Promise<void> => {
    try {
      await zoho.unsubscribe(id, signal);
    } catch (error) {
      // It is gone already, which is what was wanted.
      if (!(error instanceof ZohoError && error.verdict === 'refused')) throw error;
    }
  };
  return {
    /**
     * Update → subscribe if it is gone, or in doubt → read back and compare. Answers what Zoho says, not what was asked for.
     * @param known what the last renewal left; `doubted` when it has been silent for too long.
     */
    async renewChannel(module: string, known: KnownChannel = {}): Promise<RenewedChannel> {
      const signal = cancellationSignal();
      const request = requestFor(module);
      const updated = known.doubted ? undefined : await update(zoho, request, signal);
      const long = updated && updated.expiresAt - zoho.now() >= config.channel.lifetimeMs / 2;
      // Asked for again, now that an answer has told Zoho's clock: by one of a day ahead it was over a week, which becomes an hour.
      const told = long ? updated : await subscribe(requestFor(module), signal);
      const { expiresAt, replaced } = await readBack(zoho, requestFor(module), { told, subscribe, signal });
      const renamed = known.channelId !== undefined && known.channelId !== request.channelId;
      if (renamed) await drop(known.channelId!, signal);
      const subscribedAnew =
        updated === undefined ||
        replaced ||
        renamed ||
        (known.expiresAt !== undefined && parseInstant(known.expiresAt) <= zoho.now()) ||
        // An attempt before this one may have subscribed anew and then failed.
        activityInfo().attempt > 1;
      log.info(subscribedAnew ? 'channel subscribed' : 'channel renewed', { expiresAt: toIsoMs(expiresAt) });
      return {
        channelId: request.channelId,
        expiresAt: toIsoMs(expiresAt),
        expiresInMs: expiresAt - zoho.now(),
        subscribedAnew,
      };
    },

    /** @param id the one that is known; else the one that this configuration would have. */
    async dropChannel(module: string, id?: string): Promise<void> {
      await drop(id ?? requestFor(module).channelId, cancellationSignal());
    },
  };
}

/** Undefined when Zoho has no such channel any more, or answers something that nobody has foreseen: in doubt it is subscribed. */
async function update(
  zoho: Zoho,
  request: ChannelRequest,
  signal: AbortSignal,
): Promise<Channel | undefined> {
  try {
    return await zoho.updateChannel(request, signal);
  } catch (error) {
    if (error instanceof ZohoError && inDoubt.has(error.verdict)) return undefined;
    throw error;
  }
}

const inDoubt: ReadonlySet<Verdict> = new Set<Verdict>(['refused', 'bug']);

const aboutModule = new Set(['INVALID_MODULE', 'MODULE_NOT_AVAILABLE', 'MODULE_NOT_SUPPORTED']);

/** Zoho documents no code for a module that it never notifies; all that the asked events can be wrong in is their module. */
const isAboutModule = ({ code, details }: ZohoError): boolean =>
  aboutModule.has(code ?? '') || (code === 'INVALID_DATA' && details['api_name'] === 'events');

/** Zoho may list late what it has confirmed; after so many attempts a person must know. */
const attemptsToList = 4;

/** Zoho has been seen to answer "subscribed" and send nothing: only what it lists is believed, else it is subscribed once more. */
async function readBack(
  zoho: Zoho,
  request: ChannelRequest,
  {
    told,
    subscribe,
    signal,
  }: {
    told: Channel;
    subscribe: (request: ChannelRequest, signal: AbortSignal) => Promise<Channel>;
    signal: AbortSignal;
  },
): Promise<{ expiresAt: Instant; replaced: boolean }> {
  const listed = await zoho.readChannel(request.module, request.channelId, signal);
  if (isAsAsked(listed, request)) return { expiresAt: sooner(told, listed), replaced: false };
  const again = await subscribe(request, signal);
  const relisted = await zoho.readChannel(request.module, request.channelId, signal);
  if (isAsAsked(relisted, request)) return { expiresAt: sooner(again, relisted), replaced: true };
  throw new ZohoError(`Zoho does not list the channel that it has just confirmed for ${request.module}`, {
    verdict: activityInfo().attempt < attemptsToList ? 'transient' : 'permanent',
    code: 'CHANNEL_NOT_LISTED',
  });
}

function isAsAsked(listed: Channel | undefined, { module, notifyUrl }: ChannelRequest): listed is Channel {
  if (!listed || (listed.notifyUrl !== undefined && listed.notifyUrl !== notifyUrl)) return false;
  const { events } = listed;
  const each = ['create', 'edit', 'delete'].map((operation) => `${module}.${operation}`);
  return (
    events.length === 0 || events.includes(`${module}.all`) || each.every((event) => events.includes(event))
  );
}

const sooner = (a: Channel, b: Channel): Instant => (a.expiresAt <= b.expiresAt ? a.expiresAt : b.expiresAt);
