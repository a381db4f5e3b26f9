// The list of deleted records, as long as Zoho remembers them; it never says that a record lives.
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context';
import { ZohoError } from '../errors';
import { modifiedSince, positive, queryOf, sendJson, sendNothing, tableOf } from '../http';
import type { Deleted } from '../types';
import type { Table } from '../crm';

const DAY_MS = 86_400_000;
const KEPT_MS = { recycle: 60 * DAY_MS, permanent: 120 * DAY_MS };
const MOST_PER_PAGE = 200;

export function deletedRoutes(app: FastifyInstance, context: Context): void {
  app.get(
    '/crm/:version/:module/deleted',
    { config: { name: 'records.deleted', credits: 2 } },
    async (request, reply) => {
      const table = tableOf(context, request);
      const query = queryOf(request);
      const type = query.type ?? 'all';
      if (!['all', 'recycle', 'permanent'].includes(type))
        throw new ZohoError({
          status: 400,
          code: 'INVALID_DATA',
          message: 'invalid type',
          details: { api_name: 'type' },
        });
      const perPage = positive(query.per_page, MOST_PER_PAGE, MOST_PER_PAGE);
      const page = positive(query.page, 1, Number.MAX_SAFE_INTEGER);
      const since = modifiedSince(request) ?? 0;
      const now = context.clock.now();
      const all = [...table.deleted.values()]
        .filter((gone) => (type === 'all' || gone.kind === type) && gone.deletedMs >= since)
        .filter((gone) => now - gone.deletedMs <= KEPT_MS[gone.kind])
        .sort((a, b) => b.deletedMs - a.deletedMs || (a.row.id < b.row.id ? 1 : -1));
      const shown = all.slice((page - 1) * perPage, page * perPage);
      if (shown.length === 0) return sendNothing(reply);
      const info = {
        per_page: perPage,
        count: shown.length,
        page,
        more_records: all.length > page * perPage,
      };
      return sendJson(
        reply,
        JSON.stringify({ data: shown.map((gone) => deletedJson(gone, table, context)), info }),
      );
    },
  );
}

function deletedJson(gone: Deleted, table: Table, context: Context): unknown {
  const named = gone.kind === 'recycle';
  const label =
    table.module.byName.get('Full_Name') ?? table.module.byName.get('Name') ?? table.module.byName.get('id');
  return {
    deleted_by: named ? { name: gone.by.name, id: gone.by.id } : null,
    id: gone.row.id,
    display_name: named && label ? table.read(gone.row, label) : null,
    type: gone.kind,
    created_by: named ? { name: gone.row.createdBy.name, id: gone.row.createdBy.id } : null,
    deleted_time: context.zone.text(gone.deletedMs),
  };
}
