// The list of deleted records. Zoho keeps recycled ones 60 days, purged ones 120; never takes an empty list for more than that.
import { z } from 'zod';
import type { Instant } from '../../mirror/instant';
import { moduleName, zohoTime, type Api } from './api';
import { credits } from '../credits/prices';
import { readAs, instantText, moreRecords, recordIdText } from '../wire/json';
import type { DeletedRecord } from '../client';

const shape = z.object({
  data: z.array(z.object({ id: recordIdText, deleted_time: instantText })),
  info: moreRecords,
});

/**
 * One page (1-based, 200 rows, 2 credits) of what was deleted since `since`, cut to whole seconds. Whether Zoho's bound is inclusive
 * is not documented, so ask with an overlap. `deletedAt` is as given: whole seconds.
 */
export async function readDeletedPage(
  api: Api,
  module: string,
  options: { since: Instant; page: number; signal?: AbortSignal | undefined },
): Promise<{ askedAt: Instant; records: DeletedRecord[]; more: boolean }> {
  const route = 'records deleted';
  const { askedAt, body } = await api.call({
    route,
    method: 'GET',
    path: `/crm/${api.version}/${moduleName(module)}/deleted`,
    query: { type: 'all', page: String(options.page), per_page: '200' },
    headers: { 'if-modified-since': zohoTime(options.since) },
    credits: credits.deletedList,
    signal: options.signal,
  });
  if (body === undefined) return { askedAt, records: [], more: false };
  const { data, info } = readAs(shape, body, route);
  const records = data.map((row) => ({ id: row.id, deletedAt: row.deleted_time }));
  return { askedAt, records, more: info && records.length > 0 };
}
