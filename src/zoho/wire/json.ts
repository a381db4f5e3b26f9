// Zoho's JSON as checked values. Numbers stay their source text, so that no id or decimal is rounded; values never reach an error.
import { parse } from 'lossless-json';
import { z } from 'zod';
import { parseInstant, type Instant } from '../../mirror/instant';
import { isRecordId, type RecordId } from '../../mirror/record-id';
import { ZohoError } from '../errors';
import type { JsonValue } from '../client';

/** Parses JSON with every number as its exact source text; undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return parse(text.replace(/^\uFEFF/, ''), null, (source) => source);
  } catch {
    return undefined; // The parser's own message quotes the text.
  }
}

/** A whole number that arrived as text. */
export const wholeNumber = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);

/** Ids, tokens, channel ids: text, whether Zoho quoted them or not. */
export const text = z.string();

export const recordIdText = z.custom<RecordId>(isRecordId);

/** ISO 8601 with an offset. */
export const instantText = z.string().transform((value, context): Instant => {
  try {
    return parseInstant(value);
  } catch {
    context.addIssue({ code: 'custom', message: 'not an instant' });
    return z.NEVER;
  }
});

/** What `parseJson` makes, from the inside of an answer. */
export const jsonValue = z.custom<JsonValue>((value) => value !== undefined);

export const moreRecords = z
  .object({ more_records: z.boolean().nullish() })
  .nullish()
  .transform((info) => info?.more_records === true);

/**
 * Checks an answer against its schema. Throws a `bug` with code BAD_ANSWER that names the path of the first misfit, never its value.
 */
export function readAs<T>(schema: z.ZodType<T>, body: unknown, route: string): T {
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const path = issue?.path.map(String).join('.') || '(root)';
  throw badAnswer(route, path, issue?.code);
}

export function badAnswer(route: string, path: string, problem = 'missing'): ZohoError {
  return new ZohoError(`Zoho's answer to ${route} does not fit at ${path} (${problem})`, {
    verdict: 'bug',
    code: 'BAD_ANSWER',
    details: { path },
  });
}
