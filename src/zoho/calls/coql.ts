// Which records changed, by COQL in (Modified_Time, id) order. Sees no deletions and reads no values but id and Modified_Time.
// Source: zoho-api §3.3. COQL has no documented COUNT.
import { z } from 'zod';
import { instant, type Instant } from '../../mirror/instant';
import { moduleName, zohoTime, type Api } from './api';
import { credits } from '../credits/prices';
import { readAs, instantText, moreRecords, recordIdText } from '../wire/json';
import type { ChangeCursor, ChangedRecord } from '../client';

const mostRows = 2_000;
/** LIMIT and OFFSET together reach this far. */
const reach = 100_000;

const changedShape = z.object({
  data: z.array(z.object({ id: recordIdText, Modified_Time: instantText })),
  info: moreRecords,
});
const probeShape = z.object({ data: z.array(z.object({ id: recordIdText })) });

/**
 * At most `limit` changed records (2,000 for 3 credits) with `since` ≤ Modified_Time < `until`, after the cursor. Bounds between two seconds are
 * widened to whole ones: Zoho knows no milliseconds. Throws refused INVALID_QUERY for a module without Modified_Time.
 */
export async function readChangedPage(
  api: Api,
  module: string,
  options: {
    since: Instant;
    until?: Instant | undefined;
    after?: ChangeCursor | undefined;
    limit?: number | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<{ records: ChangedRecord[]; more: boolean }> {
  const { since, until, after, limit = mostRows, signal } = options;
  const from = `Modified_Time >= '${zohoTime(since)}'`;
  const range =
    until === undefined ? from : `(${from} and Modified_Time < '${zohoTime(wholeSecondUp(until))}')`;
  const body = await query(api, {
    text:
      `select id, Modified_Time from ${moduleName(module)} where ${after ? `(${range} and ${beyond(after)})` : range} ` +
      `order by Modified_Time asc, id asc limit ${limit}`,
    limit,
    signal,
  });
  if (body === undefined) return { records: [], more: false };
  const { data, info } = readAs(changedShape, body, route);
  const records = data.map((row) => ({ id: row.id, modifiedAt: row.Modified_Time }));
  return { records, more: records.length > 0 && (info || records.length === limit) };
}

/**
 * Whether more than `count` records have Modified_Time at or after `since`: one row at that offset, 1 credit. `count` is below 100,000,
 * as far as COQL reaches.
 */
export async function readHasMoreChanged(
  api: Api,
  module: string,
  options: { since: Instant; count: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const { since, count, signal } = options;
  const offset = Math.min(Math.max(0, Math.floor(count)), reach - 1);
  const body = await query(api, {
    text: `select id from ${moduleName(module)} where Modified_Time >= '${zohoTime(since)}' order by id asc limit 1 offset ${offset}`,
    limit: 1,
    signal,
  });
  return body !== undefined && readAs(probeShape, body, route).data.length > 0;
}

const route = 'coql';

async function query(
  api: Api,
  options: { text: string; limit: number; signal: AbortSignal | undefined },
): Promise<unknown> {
  const { body } = await api.call({
    route,
    method: 'POST',
    path: `/crm/${api.version}/coql`,
    body: { select_query: options.text },
    credits: credits.coql(options.limit),
    signal: options.signal,
  });
  return body;
}

/** A keyset instead of an offset: it has no end at 100,000 rows, and rows that move meanwhile shift nothing. */
function beyond({ modifiedAt, id }: ChangeCursor): string {
  const at = zohoTime(modifiedAt);
  return `(Modified_Time > '${at}' or (Modified_Time = '${at}' and id > '${id}'))`;
}

const wholeSecondUp = (at: Instant): Instant => instant(Math.ceil(at / 1_000) * 1_000);
