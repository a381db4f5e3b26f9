// Records by list, by ids and one by one, cut down exactly as Zoho cuts them; it never writes records.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../context';
import type { Table } from '../crm';
import { ZohoError } from '../errors';
import { listKinds } from '../faults';
import { callerOf } from '../gate';
import { modifiedSince, paramOf, positive, queryOf, sendJson, sendNothing, tableOf } from '../http';
import { rowJson } from '../row-json';
import type { Field, Row } from '../types';

const MOST_FIELDS = 50;
const MOST_IDS = 100;
const MOST_PER_PAGE = 200;
const MOST_BY_PAGE = 2_000;
const MOST_BY_TOKEN = 100_000;
const SORTABLE = ['id', 'Created_Time', 'Modified_Time'];

type Query = Readonly<Record<string, string>>;

export function recordRoutes(app: FastifyInstance, context: Context): void {
  app.get('/crm/:version/:module', { config: { name: 'records.list' } }, async (request, reply) => {
    const table = tableOf(context, request);
    const query = queryOf(request);
    const fields = listedFields(table, query);
    expectKnown(table, idsOf(query.ids ?? ''), { param_name: 'ids' });
    const since = modifiedSince(request);
    const asked = withoutOne(context, query);
    const page = pageOf(context, table, { query: asked, since, request });
    if (page.rows.length === 0) return sendNothing(reply, since === null ? 204 : 304);
    const options = { fields, context, cut: true, ownerEmail: true };
    const rows = page.rows.map((row) => rowJson(table, row, options));
    return sendJson(reply, `{"data":[${rows.join(',')}],"info":${JSON.stringify(page.info)}}`);
  });

  app.get('/crm/:version/:module/:id', { config: { name: 'records.get' } }, async (request, reply) => {
    const table = tableOf(context, request);
    const id = paramOf(request, 'id');
    expectKnown(table, [id], { resource_path_index: 1 });
    const row = table.rows.get(id);
    if (!row) return sendNothing(reply);
    const names = queryOf(request).fields;
    const fields = names === undefined ? table.module.fields : known(table, names);
    return sendJson(
      reply,
      `{"data":[${rowJson(table, row, { fields, context, cut: true, ownerEmail: true })}]}`,
    );
  });

  app.get(
    '/crm/:version/:module/actions/fetch_full_data',
    { config: { name: 'records.full' } },
    async (request, reply) => sendFull(idsOf(queryOf(request).ids ?? ''), request, reply),
  );
  app.get(
    '/crm/:version/:module/:id/actions/fetch_full_data',
    { config: { name: 'records.full' } },
    async (request, reply) => sendFull([paramOf(request, 'id')], request, reply),
  );

  function expectKnown(
    table: Table,
    ids: readonly string[],
    details: Readonly<Record<string, unknown>>,
  ): void {
    if (context.options.unknownIds === 'refused' && ids.some((id) => !table.rows.has(id)))
      throw refused('INVALID_DATA', 'the id given seems to be invalid', details);
  }

  function sendFull(
    ids: readonly string[],
    request: FastifyRequest,
    reply: Parameters<typeof sendJson>[0],
  ): typeof reply {
    const table = tableOf(context, request);
    const names = queryOf(request).fields;
    const asked = names === undefined ? table.module.fields : known(table, names);
    const fields = asked.filter((field) => field.rich);
    const rows = ids.map((id) => table.rows.get(id)).filter((row) => row !== undefined);
    if (rows.length === 0) return sendNothing(reply);
    const shown = rows.map((row) => rowJson(table, row, { fields, context, cut: false, ownerEmail: true }));
    return sendJson(reply, `{"data":[${shown.join(',')}]}`);
  }
}

function known(table: Table, names: string): Field[] {
  const found = names.split(',').map((name) => table.module.byName.get(name.trim()));
  return found.filter((field) => field !== undefined);
}

/** Names that the module does not have are passed over in silence. */
function listedFields(table: Table, query: Query): Field[] {
  if (query.fields === undefined || query.fields === '')
    throw refused('REQUIRED_PARAM_MISSING', 'One of the expected parameter is missing', { param: 'fields' });
  const count = query.fields.split(',').length;
  if (count > MOST_FIELDS)
    throw refused('LIMIT_EXCEEDED', 'exceeded the limit', { param: 'fields', limit: MOST_FIELDS });
  return known(table, query.fields).filter((field) => field.listed);
}

function idsOf(text: string): string[] {
  const ids = text.split(',').filter((id) => id !== '');
  if (ids.length > MOST_IDS)
    throw refused('LIMIT_EXCEEDED', 'exceeded the limit', { param: 'ids', limit: MOST_IDS });
  return ids;
}

/** What a list does not return need not be gone. */
function withoutOne({ faults }: Context, query: Query): Query {
  if (query.ids === undefined || !faults.take({ route: 'records.list' }, listKinds)) return query;
  return { ...query, ids: idsOf(query.ids).slice(1).join(',') };
}

function pageOf(
  context: Context,
  table: Table,
  from: { query: Query; since: number | null; request: FastifyRequest },
): { rows: Row[]; info: Record<string, unknown> } {
  const { query, since, request } = from;
  const perPage = positive(query.per_page, MOST_PER_PAGE, MOST_PER_PAGE);
  const user = callerOf(request);
  const parameters = JSON.stringify([
    table.module.apiName,
    query.fields,
    query.sort_by,
    query.sort_order,
    query.converted,
    perPage,
    since,
  ]);
  const place =
    query.page_token === undefined ? null : context.pageTokens.follow(query.page_token, user, parameters);
  const number = positive(query.page, 1, Number.MAX_SAFE_INTEGER);
  const offset = place?.offset ?? (number - 1) * perPage;
  if (!place && offset + perPage > MOST_BY_PAGE)
    throw refused('DISCRETE_PAGINATION_LIMIT_EXCEEDED', 'use page_token beyond 2000 records', {
      param: 'page',
    });
  if (offset >= MOST_BY_TOKEN)
    throw refused('PAGINATION_LIMIT_EXCEEDED', 'exceeded the limit', { limit: MOST_BY_TOKEN });
  const ids = place?.ids ?? chosen(table, query, since).map((row) => row.id);
  const rows = ids
    .slice(offset, offset + perPage)
    .map((id) => table.rows.get(id))
    .filter((row) => row !== undefined);
  const more = ids.length > offset + perPage;
  const next = more ? context.pageTokens.issue({ user, parameters, ids, offset: offset + perPage }) : null;
  const info = {
    per_page: perPage,
    count: rows.length,
    page: Math.floor(offset / perPage) + 1,
    sort_by: query.sort_by ?? 'id',
    sort_order: query.sort_order ?? 'desc',
    more_records: more,
    next_page_token: next?.token ?? null,
    previous_page_token: null,
    page_token_expiry: next ? context.zone.text(next.expiresMs) : null,
  };
  return { rows, info };
}

function chosen(table: Table, query: Query, since: number | null): Row[] {
  const sortBy = query.sort_by ?? 'id';
  if (!SORTABLE.includes(sortBy)) throw refused('INVALID_DATA', 'invalid sort_by', { param: 'sort_by' });
  const wanted = (row: Row): boolean =>
    (since === null || row.modifiedMs >= since) && convertedAsAsked(row, query.converted);
  const rows =
    query.ids === undefined
      ? [...table.rows.values()].filter(wanted)
      : [...new Set(idsOf(query.ids))]
          .map((id) => table.rows.get(id))
          .filter((row) => row !== undefined && wanted(row));
  const present = rows.filter((row) => row !== undefined);
  const sign = query.sort_order === 'asc' ? 1 : -1;
  return present.sort((a, b) => sign * (keyOf(a, sortBy) - keyOf(b, sortBy) || (a.id < b.id ? -1 : 1)));
}

function keyOf(row: Row, sortBy: string): number {
  if (sortBy === 'Created_Time') return row.createdMs;
  return sortBy === 'Modified_Time' ? row.modifiedMs : 0;
}

/** Converted leads stay out unless they are asked for, also when their ids are. */
function convertedAsAsked(row: Row, asked = 'false'): boolean {
  if (asked === 'both') return true;
  return (row.convertedMs !== null) === (asked === 'true');
}

function refused(code: string, message: string, details: Readonly<Record<string, unknown>>): ZohoError {
  return new ZohoError({ status: 400, code, message, details });
}
