// Records by id, whole: many fields in several calls, cut rich text fetched in full. Never takes "not returned" for "deleted".
// Source: zoho-api §3.1.
import { z } from 'zod';
import type { Field } from '../../mirror/field';
import type { Instant } from '../../mirror/instant';
import type { RecordId } from '../../mirror/record-id';
import { moduleName, type Api } from './api';
import { credits } from '../credits/prices';
import { ZohoError } from '../errors';
import { cutFieldsOf, readFullTexts, type FullTexts } from './full-text';
import { readAs, instantText, jsonValue, recordIdText } from '../wire/json';
import type { AskedRecord, JsonValue, RecordsAnswer, ZohoRecord } from '../client';

const headShape = z.object({ id: recordIdText, Modified_Time: instantText.nullish() });
/** The record as it came; only id and Modified_Time are understood here. */
const rowShape = z.record(z.string(), jsonValue).transform((fields, context): ZohoRecord => {
  const head = headShape.safeParse(fields);
  if (!head.success) {
    for (const { path } of head.error.issues) context.addIssue({ code: 'custom', path, message: 'misfit' });
    return z.NEVER;
  }
  const { id, Modified_Time: modifiedAt } = head.data;
  return { id, ...(typeof modifiedAt === 'number' ? { modifiedAt } : {}), fields };
});
const listShape = z.object({ data: z.array(rowShape) });
const singleShape = z.object({ data: z.tuple([rowShape]) });

const idsPerCall = 100;
/** Their answers are held together: a few megabytes. */
const mostIds = 500;
const mostFields = 50;
/** How often records that change between their calls are read again before the caller has to come back later. */
const mostRounds = 5;
const always = ['id', 'Modified_Time'] as const;

/** How many calls, of a credit each, it takes to read up to 100 records with these fields. */
export const callsPerRead = (fields: readonly Field[]): number =>
  Math.max(1, chunksOf(namesOf(fields), mostFields - always.length).length);

/** Part of one record, or undefined: not returned. */
type Part = ZohoRecord | undefined;

interface Reading {
  api: Api;
  module: string;
  names: string[];
  richText: ReadonlySet<string>;
  signal: AbortSignal | undefined;
}

/**
 * Up to 500 records, a hundred a call, converted leads included. A record's `askedAt` is when the first request for it was sent, so every
 * value of it was read at that moment or later. Cut texts are fetched for all of them together. Throws transient RECORDS_MOVING when
 * records keep changing between the calls of one read.
 */
export async function readRecords(
  api: Api,
  module: string,
  options: { ids: readonly RecordId[]; fields: readonly Field[]; signal?: AbortSignal | undefined },
): Promise<RecordsAnswer> {
  const { fields, signal } = options;
  const reading: Reading = {
    api,
    module: moduleName(module),
    names: namesOf(fields),
    richText: richTextOf(fields),
    signal,
  };
  let open: readonly RecordId[] = [...new Set(options.ids)];
  if (open.length > mostIds) throw tooManyIds();
  const absent = new Map<RecordId, Instant>();
  if (open.length === 0) return { askedAt: api.clock.now(), records: [], absent };

  let askedAt: Instant | undefined;
  const records: AskedRecord[] = [];
  for (let round = 1; open.length > 0; round++) {
    if (round > mostRounds) throw moving();
    const whole = await readOnce(reading, open);
    askedAt ??= whole.askedAt;
    records.push(...whole.records);
    for (const [id, at] of whole.absent) absent.set(id, at);
    open = whole.moved;
  }
  return { askedAt: askedAt ?? api.clock.now(), records, absent };
}

const namesOf = (fields: readonly Field[]): string[] =>
  [...new Set(fields.map((field) => field.apiName))].filter((name) => !isAlways(name));

const richTextOf = (fields: readonly Field[]): Set<string> =>
  new Set(fields.filter((field) => field.richText).map((field) => field.apiName));

/** One round: what is whole and consistent, and what changed meanwhile. */
async function readOnce(reading: Reading, ids: readonly RecordId[]) {
  let askedAt: Instant | undefined;
  const records: AskedRecord[] = [];
  const moved: RecordId[] = [];
  const absent: [RecordId, Instant][] = [];
  for (const part of chunksOf(ids, idsPerCall)) {
    const answer = await readPart(reading, part);
    askedAt ??= answer.askedAt;
    records.push(...answer.records);
    moved.push(...answer.moved);
    absent.push(...answer.absent);
  }
  const full = await withFullTexts(reading, records);
  return { askedAt, records: full.records, moved: [...moved, ...full.moved], absent };
}

/** All fields of up to a hundred records, in as many calls as that takes. */
async function readPart(reading: Reading, ids: readonly RecordId[]) {
  const calls: ReadonlyMap<RecordId, ZohoRecord>[] = [];
  let askedAt: Instant | undefined;
  // At least one call, also without names: id and Modified_Time are always asked for.
  const [first = [], ...more] = chunksOf(reading.names, mostFields - always.length);
  for (const names of [first, ...more]) {
    const answer = await readList(reading, ids, names);
    askedAt ??= answer.askedAt;
    calls.push(answer.records);
  }
  const sentAt = askedAt ?? reading.api.clock.now();
  const records: AskedRecord[] = [];
  const moved: RecordId[] = [];
  const absent: [RecordId, Instant][] = [];
  for (const id of ids) {
    const joined = join(calls.map((call) => call.get(id)));
    if (joined === 'moved') moved.push(id);
    else if (joined) records.push({ ...joined, askedAt: sentAt });
    else absent.push([id, sentAt]);
  }
  return { askedAt: sentAt, records, moved, absent };
}

/** Parts are one record only if all show the same Modified_Time; in no call at all means not returned. */
function join(parts: readonly Part[]): ZohoRecord | 'moved' | undefined {
  const [first, ...rest] = parts;
  if (rest.some((part) => !sameVersion(first, part))) return 'moved';
  if (first === undefined) return undefined;
  const fields: Record<string, JsonValue> = {};
  for (const part of parts) Object.assign(fields, part?.fields);
  return { ...first, fields };
}

const sameVersion = (a: Part, b: Part): boolean =>
  (a === undefined) === (b === undefined) && a?.modifiedAt === b?.modifiedAt;

/** Replaces rich text that a list has cut. The texts are taken between two reads that show the same Modified_Time. */
async function withFullTexts(reading: Reading, records: readonly AskedRecord[]) {
  const cut = records.filter((record) => cutFieldsOf(record, reading.richText).length > 0);
  if (cut.length === 0) return { records: [...records], moved: [] };

  const ids = cut.map((record) => record.id);
  const names = [...new Set(cut.flatMap((record) => cutFieldsOf(record, reading.richText)))];
  const texts: FullTexts = new Map();
  const after = new Map<RecordId, ZohoRecord>();
  for (const part of chunksOf(ids, idsPerCall)) {
    const { api, module, signal } = reading;
    for (const [id, text] of await readFullTexts(api, module, { ids: part, names, signal }))
      texts.set(id, text);
    for (const [id, record] of (await readList(reading, part, [])).records) after.set(id, record);
  }

  const cutIds = new Set(ids);
  const whole = records.filter((record) => !cutIds.has(record.id));
  const moved: RecordId[] = [];
  for (const record of cut) {
    const wanted = cutFieldsOf(record, reading.richText);
    const found = texts.get(record.id) ?? {};
    const complete = wanted.every((name) => found[name] !== undefined);
    if (!complete || !sameVersion(record, after.get(record.id))) {
      moved.push(record.id);
      continue;
    }
    whole.push({ ...record, fields: { ...record.fields, ...picked(found, wanted) } });
  }
  return { records: whole, moved };
}

/** One `GET /{module}?ids=…`. 204 is "none of them". */
async function readList(reading: Reading, ids: readonly RecordId[], names: readonly string[]) {
  const { api, module, signal } = reading;
  const route = 'records list';
  const answer = await api.call({
    route,
    method: 'GET',
    path: `/crm/${api.version}/${module}`,
    query: {
      ids: ids.join(','),
      fields: [...always, ...names].join(','),
      per_page: '200',
      // Lists leave converted leads out by default; whether that goes for `ids` too is not documented.
      ...(module === 'Leads' ? { converted: 'both' } : {}),
    },
    credits: credits.ordinary,
    signal,
  });
  const rows = answer.body === undefined ? [] : readAs(listShape, answer.body, route).data;
  return { askedAt: answer.askedAt, records: new Map(rows.map((row) => [row.id, row])) };
}

/**
 * One record with everything that only a single read shows (subforms, multi-select lookups), rich text uncut. `record` is undefined when
 * Zoho has no such record: 204, or 404 or 400 with a code that speaks of the record; a gateway's 404 or an unknown module throws.
 */
export async function readRecord(
  api: Api,
  module: string,
  options: { id: RecordId; fields: readonly Field[]; signal?: AbortSignal | undefined },
): Promise<{ askedAt: Instant; record?: ZohoRecord }> {
  const { id, fields, signal } = options;
  const richText = richTextOf(fields);
  for (let round = 1; round <= mostRounds; round++) {
    const seen = await readSingle(api, module, { id, signal });
    const names = seen.record ? cutFieldsOf(seen.record, richText) : [];
    if (!seen.record || names.length === 0) return seen;
    // Not by a list: this record is read by itself because a list has left it out.
    const texts = (await readFullTexts(api, moduleName(module), { ids: [id], names, signal })).get(id);
    const after = await readSingle(api, module, { id, signal });
    if (texts && names.every((name) => name in texts) && sameVersion(seen.record, after.record))
      return {
        ...seen,
        record: { ...seen.record, fields: { ...seen.record.fields, ...picked(texts, names) } },
      };
  }
  throw moving();
}

const picked = (texts: Record<string, JsonValue>, names: readonly string[]): Record<string, JsonValue> =>
  Object.fromEntries(names.map((name): [string, JsonValue] => [name, texts[name] ?? null]));

async function readSingle(
  api: Api,
  module: string,
  { id, signal }: { id: RecordId; signal: AbortSignal | undefined },
): Promise<{ askedAt: Instant; record?: ZohoRecord }> {
  const route = 'records single';
  const { askedAt, body } = await api.call({
    route,
    method: 'GET',
    path: `/crm/${api.version}/${moduleName(module)}/${id}`,
    credits: credits.ordinary,
    signal,
    isNothing: isNoSuchRecord,
  });
  return body === undefined ? { askedAt } : { askedAt, record: readAs(singleShape, body, route).data[0] };
}

const isNoSuchRecord = (failure: ZohoError): boolean => {
  const { status, code, details } = failure;
  if (status === 404) return code === 'RESOURCE_NOT_FOUND' || code === 'INVALID_DATA';
  return isInvalidData(failure) && pointsAtId(details);
};

/** Zoho refuses an id of the request, or does not say what else: one id that is none may fail all the others of a list. */
export const mayBeForAnId = (failure: ZohoError): boolean =>
  isInvalidData(failure) &&
  (pointsAtId(failure.details) || !pointers.some((name) => name in failure.details));

const isInvalidData = ({ status, code }: ZohoError): boolean => status === 400 && code === 'INVALID_DATA';

const pointers = ['resource_path_index', 'api_name', 'param_name'] as const;

/** The path is /{module}/{id}: 0 is the module. */
const pointsAtId = ({
  resource_path_index: segment = '0',
  api_name: name,
  param_name: parameter = name,
}: ZohoError['details']): boolean => segment !== '0' || parameter === 'id' || parameter === 'ids';

const isAlways = (name: string): boolean => name === 'id' || name === 'Modified_Time';

function chunksOf<T>(all: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let from = 0; from < all.length; from += size) chunks.push(all.slice(from, from + size));
  return chunks;
}

const tooManyIds = (): ZohoError =>
  new ZohoError(`At most ${mostIds} records are read by id together`, {
    verdict: 'bug',
    code: 'BAD_REQUEST',
  });

const moving = (): ZohoError =>
  new ZohoError('Records change faster than they can be read whole; they are tried again', {
    verdict: 'transient',
    code: 'RECORDS_MOVING',
  });
