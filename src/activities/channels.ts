// The notification channel at Zoho: renewed, replaced when it is gone, read back, given up.
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { instant, toIsoMs } from '../mirror';
import { channelId, channelToken, notificationPath } from '../webhook';
import { ZohoError, type Channel, type ChannelRequest, type Zoho } from '../zoho';
import type { Deps } from './deps';

export interface RenewedChannel {
  channelId: string;
  /** ISO; as Zoho returned it. */
  expiresAt: string;
  /** Until then, by Zoho's clock: a workflow's own clock may be wrong. */
  expiresInMs: number;
  /** There was, or may have been, no channel to renew: what happened since the last renewal may be lost. */
  subscribedAnew: boolean;
}

export function createChannelActivities({ config, zoho }: Deps) {
  const requestFor = (module: string): ChannelRequest => {
    const publicUrl = config.publicUrl ?? '';
    return {
      channelId: channelId(publicUrl, module),
      module,
      notifyUrl: `${publicUrl}${notificationPath}`,
      token: channelToken(config.webhookSecret),
      expiresAt: instant(zoho.now() + config.channel.lifetimeMs),
    };
  };
  return {
    /** Update → subscribe if it is gone → read back. Answers what Zoho says, not what was asked for. */
    async renewChannel(module: string): Promise<RenewedChannel> {
      const signal = cancellationSignal();
      const request = requestFor(module);
      const updated = await update(zoho, request, signal);
      const channel = updated ?? (await zoho.subscribe(request, signal));
      const { expiresAt } = await readBack(zoho, request, channel, signal);
      return {
        channelId: request.channelId,
        expiresAt: toIsoMs(expiresAt),
        expiresInMs: expiresAt - zoho.now(),
        // An attempt before this one may have subscribed anew and then failed.
        subscribedAnew: updated === undefined || activityInfo().attempt > 1,
      };
    },

    async dropChannel(module: string): Promise<void> {
      try {
        await zoho.unsubscribe(requestFor(module).channelId, cancellationSignal());
      } catch (error) {
        // It is gone already, which is what was wanted.
        if (!(error instanceof ZohoError && error.verdict === 'refused')) throw error;
      }
    },
  };
}

/** Undefined when Zoho has no such channel any more, for whatever reason it gives. */
async function update(
  zoho: Zoho,
  request: ChannelRequest,
  signal: AbortSignal,
): Promise<Channel | undefined> {
  try {
    return await zoho.updateChannel(request, signal);
  } catch (error) {
    if (error instanceof ZohoError && error.verdict === 'refused') return undefined;
    throw error;
  }
}

/** Zoho has been seen to answer "subscribed" and send nothing: only what it lists is believed. */
async function readBack(
  zoho: Zoho,
  request: ChannelRequest,
  told: Channel,
  signal: AbortSignal,
): Promise<Channel> {
  const listed = await zoho.readChannel(request.module, request.channelId, signal);
  if (!listed)
    throw new ZohoError(`Zoho does not list the channel that it has just confirmed for ${request.module}`, {
      verdict: 'transient',
      code: 'CHANNEL_NOT_LISTED',
    });
  if (listed.notifyUrl !== undefined && listed.notifyUrl !== request.notifyUrl)
    return zoho.subscribe(request, signal);
  return told.expiresAt <= listed.expiresAt ? told : listed;
}
