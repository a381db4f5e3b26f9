// Watch channels over HTTP: subscribe, change, stop, list; failures sit inside the items, as Zoho puts them.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { listOf, objectOf } from '../bulk-criteria';
import type { Channel } from '../channels';
import type { Context } from '../context';
import { ZohoError } from '../errors';
import { callerOf } from '../gate';
import { jsonBody, positive, queryOf, sendJson, sendNothing } from '../http';
import type { User, Value } from '../types';
import { parseChannel } from '../watch-request';

type Verb = 'POST' | 'PUT' | 'PATCH';
interface Outcome {
  readonly ok: boolean;
  readonly code: string;
  readonly json: unknown;
}

const PATH = '/crm/:version/actions/watch';
const BAD_REQUEST_CODES = new Set(['NOT_SUBSCRIBED', 'INVALID_DATA']);

export function watchRoutes(app: FastifyInstance, context: Context): void {
  app.post(PATH, { config: { name: 'watch.create' } }, async (request, reply) =>
    answer('POST', request, reply),
  );
  app.put(PATH, { config: { name: 'watch.update' } }, async (request, reply) =>
    answer('PUT', request, reply),
  );
  app.patch(PATH, { config: { name: 'watch.patch' } }, async (request, reply) =>
    answer('PATCH', request, reply),
  );

  app.delete(PATH, { config: { name: 'watch.delete' } }, async (request, reply) => {
    const ids = (queryOf(request).channel_ids ?? '').split(',').filter((id) => id !== '');
    if (ids.length === 0) throw refused('REQUIRED_PARAM_MISSING', 'channel_ids');
    strikeChannels('watch.delete');
    return send(
      reply,
      ids.map((id) => stop(id, callerOf(request))),
      200,
    );
  });

  app.get(PATH, { config: { name: 'watch.list' } }, async (request, reply) => {
    strikeChannels('watch.list');
    const query = queryOf(request);
    const perPage = positive(query.per_page, 200, 200);
    const page = positive(query.page, 1, Number.MAX_SAFE_INTEGER);
    const all = context.channels
      .live(callerOf(request))
      .filter((channel) => query.channel_id === undefined || channel.id === query.channel_id)
      .flatMap((channel) => modulesOf(channel).map((module) => listed(channel, module)))
      .filter((entry) => query.module === undefined || entry.resource_name === query.module);
    const shown = all.slice((page - 1) * perPage, page * perPage);
    if (shown.length === 0) return sendNothing(reply);
    const info = { per_page: perPage, count: shown.length, page, more_records: all.length > page * perPage };
    return sendJson(reply, JSON.stringify({ watch: shown, info }));
  });

  function answer(verb: Verb, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const items = listOf(objectOf(jsonBody(request))?.watch);
    if (!items || items.length === 0) throw refused('MANDATORY_NOT_FOUND', 'watch');
    const route = { POST: 'watch.create', PUT: 'watch.update', PATCH: 'watch.patch' }[verb];
    strikeChannels(route);
    return send(
      reply,
      items.map((item) => one(verb, item, callerOf(request))),
      verb === 'POST' ? 201 : 200,
    );
  }

  function strikeChannels(route: string): void {
    if (context.faults.take({ route }, ['expire-channel'])) context.channels.kill();
  }

  function one(verb: Verb, given: Value, user: User): Outcome {
    const item = objectOf(given) ?? {};
    const id = typeof item.channel_id === 'string' ? item.channel_id : '';
    const existing = context.channels.find(id, user);
    if (verb !== 'POST' && id !== '' && !existing) return failed('NOT_SUBSCRIBED', 'channel_id');
    if (verb === 'PATCH' && existing && item._delete_events === true)
      return dropEvents(existing, listOf(item.events) ?? []);
    const base = verb === 'PATCH' ? existing : null;
    const parsed = parseChannel(item, { channels: context.channels, crm: context.crm, user, base });
    if (parsed.kind === 'refused') return failed(parsed.code, parsed.field);
    context.channels.save(parsed.channel);
    return subscribed(parsed.channel, verb);
  }

  function dropEvents(channel: Channel, given: readonly Value[]): Outcome {
    const gone = new Set(given.map(String));
    const events = channel.events.filter((event) => !gone.has(event));
    if (events.length === 0) context.channels.remove(channel.id);
    else context.channels.save({ ...channel, events });
    return subscribed({ ...channel, events: [...gone] }, 'PATCH');
  }

  function stop(id: string, user: User): Outcome {
    const channel = context.channels.find(id, user);
    if (!channel) return failed('NOT_SUBSCRIBED', 'channel_ids');
    context.channels.remove(id);
    const details = { resource_uri: uri(modulesOf(channel)[0] ?? ''), resource_id: '', channel_id: id };
    const message = 'Successfully unsubscribed from actions-watch of the given module';
    return { ok: true, code: 'SUCCESS', json: { code: 'SUCCESS', details, message, status: 'success' } };
  }

  function subscribed(channel: Channel, verb: Verb): Outcome {
    const events = modulesOf(channel).map((module) => ({
      channel_expiry: context.zone.text(channel.expiresMs),
      resource_uri: uri(module),
      resource_id: context.crm.find(module)?.module.id,
      resource_name: module,
      channel_id: channel.id,
    }));
    const done = verb === 'POST' ? 'subscribed for' : 'updated';
    const message = `Successfully ${done} actions-watch of the given module`;
    return {
      ok: true,
      code: 'SUCCESS',
      json: { code: 'SUCCESS', details: { events }, message, status: 'success' },
    };
  }

  function listed(channel: Channel, module: string): { resource_name: string } {
    const shown = {
      notify_on_related_action: channel.relatedActions,
      return_affected_field_values: channel.returnValues,
      channel_expiry: context.zone.text(channel.expiresMs),
      resource_uri: uri(module),
      resource_id: context.crm.find(module)?.module.id,
      notify_url: channel.notifyUrl,
      resource_name: module,
      channel_id: channel.id,
      events: channel.events.filter((event) => event.startsWith(`${module}.`)),
      fields: null,
      token: channel.token,
    };
    return shown;
  }

  function uri(module: string): string {
    return `${context.url()}/crm/v2/${module}`;
  }
}

function send(reply: FastifyReply, outcomes: readonly Outcome[], success: number): FastifyReply {
  return sendJson(
    reply,
    JSON.stringify({ watch: outcomes.map((outcome) => outcome.json) }),
    statusOf(outcomes, success),
  );
}

function statusOf(outcomes: readonly Outcome[], success: number): number {
  if (outcomes.every((outcome) => outcome.ok)) return success;
  if (outcomes.some((outcome) => outcome.ok)) return 207;
  return outcomes.every((outcome) => BAD_REQUEST_CODES.has(outcome.code)) ? 400 : 202;
}

function failed(code: string, field: string): Outcome {
  const messages: Readonly<Record<string, string>> = {
    NOT_SUBSCRIBED: 'The given channel is not subscribed',
    MANDATORY_NOT_FOUND: 'required field not found',
  };
  const json = {
    code,
    details: { api_name: field },
    message: messages[code] ?? 'invalid data',
    status: 'error',
  };
  return { ok: false, code, json };
}

function modulesOf(channel: Channel): string[] {
  return [...new Set(channel.events.map((event) => event.split('.')[0] ?? ''))];
}

function refused(code: string, field: string): ZohoError {
  return new ZohoError({
    status: 400,
    code,
    message: code.toLowerCase().replaceAll('_', ' '),
    details: { api_name: field },
  });
}
