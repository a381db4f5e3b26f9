// Stands before every route: counts, strikes with faults, checks the token, spends credits; it never answers a call itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from './context';
import { damaged } from './damage';
import { errorBody, ZohoError } from './errors';
import { answerKinds, damageKinds, lateKinds, silenceKinds, type FaultRule } from './faults';
import type { User } from './types';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What statistics and fault rules call the route. Routes without a name are not gated. */
    name?: string;
    credits?: number;
    /** No token needed. */
    open?: boolean;
    heavy?: boolean;
  }
}

const requestKinds = [...answerKinds, ...silenceKinds, ...lateKinds, ...damageKinds];
const pending = new WeakMap<FastifyRequest, FaultRule>();
const callers = new WeakMap<FastifyRequest, User>();

/** Whose token the request carries. */
export function callerOf(request: FastifyRequest): User {
  const user = callers.get(request);
  if (!user) throw new Error('the route is open and has no caller');
  return user;
}

export function installGate(app: FastifyInstance, context: Context): void {
  app.addHook('preHandler', async (request, reply) => {
    const { name } = request.routeOptions.config;
    if (name === undefined) return;
    context.stats.call(name);
    const rule = context.faults.take({ route: name, method: request.method, url: request.url }, requestKinds);
    if (rule) {
      if (await strike(rule, request, reply)) return reply;
    }
    if (!request.routeOptions.config.open) admit(context, request, reply);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    reply.header('date', context.clock.httpDate());
    const rule = pending.get(request);
    return rule ? spoil(rule, { request, reply, payload }) : payload;
  });
  app.addHook('onResponse', async (request, reply) => {
    const { name } = request.routeOptions.config;
    if (name !== undefined) context.stats.answered(name, reply.statusCode);
  });
}

/** True if the request has its answer, or will never get one. */
async function strike(rule: FaultRule, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  if (rule.phase === 'after' || damageKinds.some((kind) => kind === rule.kind)) {
    pending.set(request, rule);
    return false;
  }
  switch (rule.kind) {
    case 'slow':
    case 'delay':
      await sleep(rule.delayMs ?? 1000);
      return false;
    case 'timeout':
      reply.hijack();
      return true;
    case 'reset':
      reply.hijack();
      request.raw.socket.destroy();
      return true;
    default:
      refuse(rule, reply);
      return true;
  }
}

function refuse(rule: FaultRule, reply: FastifyReply): void {
  const [status, code] = refusalOf(rule);
  const body = rule.body ?? errorBody({ code, message: 'The simulator was told to fail.' });
  void reply
    .code(status)
    .headers({ 'content-type': 'application/json;charset=UTF-8', ...rule.headers })
    .send(body);
}

function refusalOf(rule: FaultRule): [status: number, code: string] {
  switch (rule.kind) {
    case 'unauthorized':
      return [rule.status ?? 401, 'INVALID_TOKEN'];
    case 'too-many-requests':
      return [rule.status ?? 429, 'TOO_MANY_REQUESTS'];
    case 'bulk-429-in-400':
      return [rule.status ?? 400, 'TOO_MANY_REQUESTS'];
    default:
      return [rule.status ?? 500, 'INTERNAL_ERROR'];
  }
}

function admit(context: Context, request: FastifyRequest, reply: FastifyReply): void {
  const token = /^Zoho-oauthtoken (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const known = token === undefined ? null : context.oauth.check(token);
  if (!known) throw new ZohoError({ status: 401, code: 'INVALID_TOKEN', message: 'invalid oauth token' });
  callers.set(request, known.user);
  reply.header('x-accesstoken-reset', context.zone.text(known.expiresMs));
  const leave = context.credits.enter(isHeavy(request));
  reply.raw.once('close', leave);
  context.credits.spend(request.routeOptions.config.credits ?? 1);
  const remaining = context.credits.remainingHeader();
  if (remaining !== null) reply.header('x-api-credits-remaining', remaining);
}

/** Sorted lists and COQL share a smaller pool. */
function isHeavy(request: FastifyRequest): boolean {
  return request.routeOptions.config.heavy === true || /[?&]sort_by=/.test(request.url);
}

async function spoil(
  rule: FaultRule,
  from: { request: FastifyRequest; reply: FastifyReply; payload: unknown },
): Promise<unknown> {
  const { request, reply, payload } = from;
  switch (rule.kind) {
    case 'timeout':
      return new Promise<never>(() => undefined);
    case 'reset':
      request.raw.socket.destroy();
      return new Promise<never>(() => undefined);
    case 'slow':
    case 'delay':
      await sleep(rule.delayMs ?? 1000);
      return payload;
    case 'truncate':
    case 'cut':
    case 'corrupt':
    case 'stall': {
      const source =
        payload instanceof Readable ? payload : Readable.from([Buffer.from(String(payload ?? ''))]);
      const size = Number(reply.getHeader('content-length') ?? Buffer.byteLength(String(payload ?? '')));
      reply.removeHeader('content-length');
      return damaged(source, size, { rule, request });
    }
    default:
      // The work was done, yet the answer says otherwise.
      reply.code(refusalOf(rule)[0]).removeHeader('content-length');
      return rule.body ?? errorBody({ code: refusalOf(rule)[1], message: 'The simulator was told to fail.' });
  }
}
