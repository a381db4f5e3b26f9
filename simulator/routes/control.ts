// The control API under /__sim: records, faults, clock, jobs and channels as a test or demo wants them; Zoho has nothing like it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { objectOf } from '../bulk-criteria';
import { coerceValues } from '../coerce';
import type { Context } from '../context';
import { ZohoError } from '../errors';
import { faultKinds } from '../faults';
import { jsonBody, paramOf, queryOf, sendJson, textBody } from '../http';
import { drift, mutate } from '../mutate';
import { randomFor } from '../random';
import { resetAll } from '../reset';
import { truthPage } from '../truth';
import type { Value } from '../types';

const RECORD = '/__sim/records/:module/:id';
const TRUTH_LIMIT = 1_000;

const count = z.coerce.number().int().nonnegative().optional();
const mutation = z.strictObject({
  module: z.string(),
  creates: count,
  edits: count,
  deletes: count,
  converts: count,
  drifts: count,
  restores: count,
  seed: count,
  onlyIds: z.array(z.string()).optional(),
});
const fault = z.strictObject({
  kind: z.enum(faultKinds),
  route: z.string().optional(),
  method: z.string().optional(),
  times: z.coerce.number().int().optional(),
  probability: z.coerce.number().min(0).max(1).optional(),
  phase: z.enum(['before', 'after']).optional(),
  status: z.coerce.number().int().optional(),
  body: z
    .union([z.string(), z.record(z.string(), z.unknown()).transform((body) => JSON.stringify(body))])
    .optional(),
  headers: z.record(z.string(), z.string()).optional(),
  delayMs: count,
  afterBytes: count,
  rows: count,
});
const clockMove = z.strictObject({
  advanceMs: z.coerce.number().optional(),
  skewMs: z.coerce.number().optional(),
  set: z.string().optional(),
  freeze: z.boolean().optional(),
});

export function controlRoutes(app: FastifyInstance, context: Context): void {
  recordControls(app, context);
  worldControls(app, context);
}

function recordControls(app: FastifyInstance, context: Context): void {
  const { crm } = context;
  app.get('/__sim/records/:module', async (request, reply) => {
    const query = queryOf(request);
    const limit = Number(query.limit ?? TRUTH_LIMIT);
    const fields = query.format === 'ids' ? ['Modified_Time'] : query.fields?.split(',');
    const page = truthPage(crm.table(paramOf(request, 'module')), {
      cursor: query.cursor || undefined,
      limit,
      fields,
    });
    return send(reply, page);
  });
  app.post('/__sim/records/:module', async (request, reply) => {
    const body = bodyOf(request);
    const module = paramOf(request, 'module');
    const values = coerceValues(crm.table(module).module, objectOf(body.values) ?? {});
    const ids = Array.from({ length: Number(body.count ?? 1) }, () => crm.create(module, values).id);
    return send(reply, { ids }, 201);
  });
  app.patch(RECORD, async (request, reply) => {
    const module = paramOf(request, 'module');
    const values = coerceValues(crm.table(module).module, objectOf(bodyOf(request).values) ?? {});
    const row = crm.edit(module, paramOf(request, 'id'), values);
    return send(reply, { id: row.id, Modified_Time: context.zone.text(row.modifiedMs) });
  });
  app.delete(RECORD, async (request, reply) => {
    const { permanent } = queryOf(request);
    crm.remove(paramOf(request, 'module'), paramOf(request, 'id'), {
      permanent: permanent !== undefined && permanent !== 'false',
    });
    return send(reply, { id: paramOf(request, 'id') });
  });
  app.post(`${RECORD}/restore`, async (request, reply) => {
    const { touch } = bodyOf(request);
    crm.restore(paramOf(request, 'module'), paramOf(request, 'id'), {
      touch: typeof touch === 'boolean' ? touch : undefined,
    });
    return send(reply, { id: paramOf(request, 'id') });
  });
  app.post(`${RECORD}/convert`, async (request, reply) => {
    crm.convert(paramOf(request, 'module'), paramOf(request, 'id'));
    return send(reply, { id: paramOf(request, 'id') });
  });
  app.post(`${RECORD}/drift`, async (request, reply) => {
    const { module } = crm.table(paramOf(request, 'module'));
    const given = objectOf(bodyOf(request).values);
    const values = given
      ? coerceValues(module, given)
      : drift(crm, module, randomFor(context.clock.now(), 0, 5));
    crm.drift(module.apiName, paramOf(request, 'id'), values);
    return send(reply, { id: paramOf(request, 'id'), values });
  });
  app.post('/__sim/mutate', async (request, reply) => send(reply, mutate(crm, parsed(mutation, request))));
}

function worldControls(app: FastifyInstance, context: Context): void {
  app.post('/__sim/faults', async (request, reply) => {
    const body = jsonBody(request);
    const rules = z.union([fault.transform((rule) => [rule]), z.array(fault)]).safeParse(body);
    if (!rules.success) throw badInput(z.prettifyError(rules.error));
    for (const rule of rules.data) context.faults.add(rule);
    return send(reply, { faults: context.faults.list() }, 201);
  });
  app.get('/__sim/faults', async (_request, reply) => send(reply, { faults: context.faults.list() }));
  app.delete('/__sim/faults', async (_request, reply) => {
    context.faults.clear();
    return send(reply, { faults: [] });
  });
  app.get('/__sim/stats', async (_request, reply) => send(reply, statistics(context)));
  app.get('/__sim/clock', async (_request, reply) => send(reply, clockJson(context)));
  app.post('/__sim/clock', async (request, reply) => {
    moveClock(context, parsed(clockMove, request));
    return send(reply, clockJson(context));
  });
  app.get('/__sim/jobs', async (_request, reply) => send(reply, { jobs: jobsJson(context) }));
  app.post('/__sim/jobs/:action', async (request, reply) => send(reply, await controlJobs(context, request)));
  app.get('/__sim/channels', async (_request, reply) => send(reply, { channels: channelsJson(context) }));
  app.post('/__sim/channels/kill', async (request, reply) =>
    send(reply, { killed: context.channels.kill(optionalText(bodyOf(request).id)) }),
  );
  app.post('/__sim/tokens/revoke', async (request, reply) => {
    context.oauth.revoke({ refreshTokens: bodyOf(request).refreshTokens === true });
    return send(reply, { live: context.oauth.live() });
  });
  app.post('/__sim/notifications', async (request, reply) => {
    const { enabled, batch, delayMs } = bodyOf(request);
    if (typeof enabled === 'boolean') context.notifier.enabled = enabled;
    if (typeof batch === 'string') context.notifier.batch = Number(batch);
    if (typeof delayMs === 'string') context.notifier.delayMs = Number(delayMs);
    const { notifier } = context;
    return send(reply, { enabled: notifier.enabled, batch: notifier.batch, delayMs: notifier.delayMs });
  });
  app.post('/__sim/limits', async (request, reply) => {
    const given = Object.entries(bodyOf(request)).filter(([name]) => name in context.credits.limits);
    const numbers = Object.fromEntries(given.map(([name, value]) => [name, Number(value)]));
    context.credits.limits = { ...context.credits.limits, ...numbers };
    return send(reply, context.credits.limits);
  });
  app.post('/__sim/reset', async (request, reply) => {
    const { records, seed } = bodyOf(request);
    resetAll(context, {
      ...(records === undefined ? {} : { records: Number(records) }),
      ...(seed === undefined ? {} : { seed: Number(seed) }),
    });
    return send(reply, { reset: true });
  });
}

async function controlJobs(context: Context, request: FastifyRequest): Promise<unknown> {
  const body = bodyOf(request);
  const id = optionalText(body.id);
  switch (paramOf(request, 'action')) {
    case 'hold':
      context.jobs.hold();
      return { held: true };
    case 'release':
      context.jobs.release();
      return { held: false };
    case 'complete':
      return { completed: await context.jobs.complete(id) };
    case 'fail':
      return { failed: context.jobs.fail(id) };
    case 'expire-tokens':
      context.jobs.expireTokens();
      return { expired: true };
    case 'delay':
      context.jobs.jobDelayMs = Number(body.ms ?? context.jobs.jobDelayMs);
      return { jobDelayMs: context.jobs.jobDelayMs };
    default:
      throw badInput('jobs know hold, release, complete, fail, expire-tokens and delay');
  }
}

function moveClock(context: Context, move: z.infer<typeof clockMove>): void {
  if (move.set !== undefined) context.clock.set(Date.parse(move.set));
  if (move.advanceMs !== undefined) context.clock.advance(move.advanceMs);
  if (move.skewMs !== undefined) context.clock.skew(move.skewMs);
  if (move.freeze === true) context.clock.freeze();
  if (move.freeze === false) context.clock.thaw();
}

function clockJson(context: Context): unknown {
  return {
    now: new Date(context.clock.now()).toISOString(),
    aheadOfRealMs: context.clock.now() - Date.now(),
  };
}

export function statistics(context: Context): Record<string, unknown> {
  const { oauth, credits, notifier, stats } = context;
  return {
    calls: stats.calls(),
    credits: {
      used: credits.used(),
      perDay: credits.limits.creditsPerDay,
      refused: credits.refused,
      mostAtOnce: credits.mostAtOnce,
    },
    notifications: { ...notifier.counts, idle: notifier.idle() },
    callbacks: stats.callbacks,
    tokens: { issued: oauth.issued, refused: oauth.refused, throttled: oauth.throttled, live: oauth.live() },
    downloads: stats.downloads,
    jobs: jobsJson(context),
    channels: context.channels.live().length,
    faults: context.faults.list(),
    records: Object.fromEntries(
      context.crm.modules.map((module) => [module.apiName, context.crm.table(module.apiName).rows.size]),
    ),
  };
}

function jobsJson(context: Context): unknown[] {
  return context.jobs.list().map((job) => ({
    id: job.id,
    module: job.chain.module.apiName,
    state: job.state,
    page: job.page,
    rows: job.rows.length,
    downloads: job.downloads,
    moreRecords: job.nextToken !== null,
    createdTime: new Date(job.createdMs).toISOString(),
  }));
}

function channelsJson(context: Context): unknown[] {
  return context.channels.live().map((channel) => ({
    id: channel.id,
    events: channel.events,
    expires: new Date(channel.expiresMs).toISOString(),
    notifyUrl: channel.notifyUrl,
  }));
}

function bodyOf(request: FastifyRequest): Readonly<Record<string, Value>> {
  if (textBody(request).trim() === '') return {};
  const body = objectOf(jsonBody(request));
  if (!body) throw badInput('the body is no JSON object');
  return body;
}

function parsed<T>(schema: z.ZodType<T>, request: FastifyRequest): T {
  const result = schema.safeParse(bodyOf(request));
  if (result.success) return result.data;
  throw badInput(z.prettifyError(result.error));
}

function optionalText(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function badInput(message: string): ZohoError {
  return new ZohoError({ status: 400, code: 'SIMULATOR_INPUT', message });
}

function send(reply: FastifyReply, body: unknown, status = 200): FastifyReply {
  return sendJson(reply, JSON.stringify(body), status);
}
