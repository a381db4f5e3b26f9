// Finds Zoho's error inside a body: `{"data":[{…}]}`, `{"watch":[{…}]}` or the bare object. Never takes a record for an error.
import { z } from 'zod';

export interface Fault {
  code: string;
  details: Record<string, string>;
}

const itemShape = z.object({
  code: z.string(),
  status: z.string().nullish(),
  details: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
const listShape = z.record(z.string(), z.unknown());

/** Details that name things of the schema, never a record's contents. */
const harmlessDetails = [
  'api_name',
  'module',
  'max_limit',
  'limit',
  'param_name',
  'column_name',
  'clause',
  'comparator',
  'resource_path_index',
] as const;
const harmlessValue = /^[\w.$ -]{1,100}$/;
const codeShape = /^[A-Z][A-Z0-9_]{1,79}$/;
const envelopeKeys = new Set(['code', 'status', 'message', 'details']);

function faultOfItem(item: unknown): Fault | undefined {
  const parsed = itemShape.safeParse(item);
  if (!parsed.success || parsed.data.status === 'success') return undefined;
  const details: Record<string, string> = {};
  for (const key of harmlessDetails) {
    const value = parsed.data.details?.[key];
    if (typeof value === 'string' && harmlessValue.test(value)) details[key] = value;
  }
  return { code: codeShape.test(parsed.data.code) ? parsed.data.code : 'UNREADABLE_CODE', details };
}

const items = (body: unknown): unknown[] => {
  const list = listShape.safeParse(body);
  if (!list.success) return [];
  return [
    body,
    ...Object.values(list.data).flatMap((value): unknown[] => (Array.isArray(value) ? value : [])),
  ];
};

/** The first error in the body of a 4xx or 5xx; undefined when the body is not Zoho's. */
export function faultOf(body: unknown): Fault | undefined {
  for (const item of items(body)) {
    const fault = faultOfItem(item);
    if (fault) return fault;
  }
  return undefined;
}

/**
 * An error inside a 2xx (watch answers 202 or 207 with failed items). Only an item that consists of an envelope's keys and says
 * `"status":"error"` counts: a record may have fields of these names.
 */
export function hiddenFaultOf(body: unknown): Fault | undefined {
  for (const item of items(body)) {
    const parsed = listShape.safeParse(item);
    if (!parsed.success || parsed.data['status'] !== 'error') continue;
    if (!Object.keys(parsed.data).every((key) => envelopeKeys.has(key))) continue;
    const fault = faultOfItem(item);
    if (fault) return fault;
  }
  return undefined;
}
