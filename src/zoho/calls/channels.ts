// Notification channels (`/actions/watch`). Trusts only the expiry that Zoho echoes, and never tells a channel's token. Source: zoho-api §2.
import { z } from 'zod';
import { moduleName, zohoTime, type Api } from './api';
import { credits } from '../credits/prices';
import { ZohoError } from '../errors';
import { badAnswer, readAs, instantText, text } from '../wire/json';
import type { Channel, ChannelRequest } from '../client';

const doneShape = z.object({
  watch: z
    .array(
      z.object({
        status: z.literal('success'),
        details: z.object({
          events: z.array(z.object({ channel_id: text, channel_expiry: instantText })).min(1),
        }),
      }),
    )
    .min(1),
});

const listShape = z.object({
  watch: z.array(
    z.object({
      channel_id: text,
      channel_expiry: instantText,
      notify_url: text.nullish(),
      events: z.array(text).nullish(),
    }),
  ),
});

const watchPath = (api: Api): string => `/crm/${api.version}/actions/watch`;

/**
 * Opens (POST) or changes (PATCH) a channel for every event of a module. Answers the earliest expiry that Zoho returned: over a week
 * asked for becomes one hour without an error. Throws refused NOT_SUBSCRIBED when PATCH finds no channel; a failed item inside a 2xx
 * throws like any failure.
 */
export async function sendChannel(
  api: Api,
  method: 'POST' | 'PATCH',
  options: { request: ChannelRequest; signal?: AbortSignal | undefined },
): Promise<Channel> {
  const { request, signal } = options;
  const route = method === 'POST' ? 'channel subscribe' : 'channel update';
  const events = [`${moduleName(request.module)}.all`];
  const watch = {
    channel_id: request.channelId,
    events,
    channel_expiry: zohoTime(request.expiresAt),
    token: request.token,
    notify_url: request.notifyUrl,
    return_affected_field_values: false,
    // On by default: an edit of a contact would also notify its account.
    notify_on_related_action: false,
  };
  const answer = await api.call({
    route,
    method,
    path: watchPath(api),
    body: { watch: [watch] },
    credits: credits.ordinary,
    signal,
  });
  const told = readAs(doneShape, answer.body, route).watch.flatMap((item) => item.details.events);
  const own = told.filter((event) => event.channel_id === request.channelId);
  const [first, ...others] = own.map((event) => event.channel_expiry);
  if (first === undefined) throw badAnswer(route, 'watch.details.events.channel_id');
  const expiresAt = others.reduce((soonest, expiry) => (expiry < soonest ? expiry : soonest), first);
  return { channelId: request.channelId, expiresAt, notifyUrl: request.notifyUrl, events };
}

/** The channel as Zoho has it, of those that this user enabled; undefined when there is none. */
export async function readChannel(
  api: Api,
  module: string,
  options: { channelId: string; signal?: AbortSignal | undefined },
): Promise<Channel | undefined> {
  const { channelId, signal } = options;
  const route = 'channel read';
  const { body } = await api.call({
    route,
    method: 'GET',
    path: watchPath(api),
    query: { module: moduleName(module), channel_id: channelId },
    credits: credits.ordinary,
    signal,
  });
  if (body === undefined) return undefined;
  const found = readAs(listShape, body, route).watch.filter((channel) => channel.channel_id === channelId);
  const [first] = found;
  if (first === undefined) return undefined;
  return {
    channelId,
    expiresAt: first.channel_expiry,
    ...(first.notify_url ? { notifyUrl: first.notify_url } : {}),
    events: found.flatMap((channel) => channel.events ?? []),
  };
}

/** Stops a whole channel. One that Zoho no longer has counts as stopped. */
export async function stopChannel(api: Api, channelId: string, signal?: AbortSignal): Promise<void> {
  try {
    await api.call({
      route: 'channel unsubscribe',
      method: 'DELETE',
      path: watchPath(api),
      query: { channel_ids: channelId },
      credits: credits.ordinary,
      signal,
    });
  } catch (error) {
    if (error instanceof ZohoError && error.code === 'NOT_SUBSCRIBED') return;
    throw error;
  }
}
