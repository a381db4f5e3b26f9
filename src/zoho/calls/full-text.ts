// The whole of rich-text values that lists cut to 500 characters. Knows nothing of versions: the caller compares Modified_Time.
// Source: "Get Rich Text Fields" v6 (one record a call) and v8 (up to 200 ids a call).
import { z } from 'zod';
import type { RecordId } from '../../mirror/record-id';
import type { Api } from './api';
import { credits } from '../credits/prices';
import { readAs, jsonValue, recordIdText } from '../wire/json';
import type { JsonValue, ZohoRecord } from '../client';

const cutAtCharacters = 500;
const firstVersionWithManyIds = 8;

const shape = z.object({ data: z.array(z.object({ id: recordIdText }).catchall(jsonValue)) });

export type FullTexts = Map<RecordId, Record<string, JsonValue>>;

/** Rich-text fields of a record whose value is as long as a cut one. */
export const cutFieldsOf = (record: ZohoRecord, richText: ReadonlySet<string>): string[] =>
  [...richText].filter((name) => {
    const value = record.fields[name];
    return typeof value === 'string' && value.length >= cutAtCharacters;
  });

/** The named rich-text fields of up to 100 records; a record that is gone meanwhile is absent. */
export async function readFullTexts(
  api: Api,
  module: string,
  options: { ids: readonly RecordId[]; names: readonly string[]; signal: AbortSignal | undefined },
): Promise<FullTexts> {
  const { ids, names, signal } = options;
  const route = 'records full-text';
  const base = `/crm/${api.version}/${module}`;
  const manyAtOnce = Number(api.version.slice(1)) >= firstVersionWithManyIds;
  const calls: { path: string; query: Record<string, string> }[] = manyAtOnce
    ? [{ path: `${base}/actions/fetch_full_data`, query: { ids: ids.join(',') } }]
    : ids.map((id) => ({ path: `${base}/${id}/actions/fetch_full_data`, query: {} }));

  const texts: FullTexts = new Map();
  for (const { path, query } of calls) {
    const { body } = await api.call({
      route,
      method: 'GET',
      path,
      query: { ...query, fields: names.join(',') },
      credits: credits.ordinary,
      signal,
    });
    if (body === undefined) continue;
    for (const row of readAs(shape, body, route).data) texts.set(row.id, row);
  }
  return texts;
}
