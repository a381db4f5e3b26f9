// Small tools of the routes: bodies, queries and JSON answers; it holds no state.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Table } from './crm';
import type { Context } from './context';
import { ZohoError } from './errors';
import { parseExactJson } from './exact-json';
import type { Value } from './types';

const texts = z.record(
  z.string(),
  z.union([z.string(), z.array(z.string()).transform((all) => all.join(','))]),
);
const params = z.record(z.string(), z.string());

export function queryOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return texts.parse(request.query ?? {});
}

export function paramOf(request: FastifyRequest, name: string): string {
  return params.parse(request.params)[name] ?? '';
}

/** Everything arrives as text, whatever its content type. */
export function textBody(request: FastifyRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}

export function jsonBody(request: FastifyRequest): Value | undefined {
  return parseExactJson(textBody(request));
}

export function sendJson(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply.code(status).header('content-type', 'application/json;charset=UTF-8').send(text);
}

/** Nothing to tell: a status without a body. */
export function sendNothing(reply: FastifyReply, status: 204 | 304 = 204): FastifyReply {
  return reply.code(status).send();
}

export function tableOf(context: Context, request: FastifyRequest): Table {
  return tableNamed(context, paramOf(request, 'module'));
}

export function tableNamed(context: Context, name: string): Table {
  const table = context.crm.seen(name);
  if (table?.module.apiSupported) return table;
  throw new ZohoError({
    status: 400,
    code: 'INVALID_MODULE',
    message: 'the module name given seems to be invalid',
  });
}

export function positive(text: string | undefined, fallback: number, most: number): number {
  if (text === undefined) return fallback;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new ZohoError({
    status: 400,
    code: 'INVALID_DATA',
    message: 'invalid data',
    details: { maximum: most },
  });
}

/** Inclusive, whole seconds. Null if the header is absent. */
export function modifiedSince(request: FastifyRequest): number | null {
  const given = request.headers['if-modified-since'];
  if (given === undefined) return null;
  const ms = Date.parse(given);
  if (Number.isNaN(ms))
    throw new ZohoError({
      status: 400,
      code: 'INVALID_DATA',
      message: 'If-Modified-Since is no date',
      details: {},
    });
  return ms;
}
