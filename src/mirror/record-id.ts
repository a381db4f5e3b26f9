// A Zoho record id: up to 19 digits, always text in JavaScript, because a number would round it.

declare const brand: unique symbol;
export type RecordId = string & { readonly [brand]: 'RecordId' };

const shape = /^[1-9][0-9]{0,18}$/;
const max = 9223372036854775807n;

export const isRecordId = (text: unknown): text is RecordId =>
  typeof text === 'string' && shape.test(text) && (text.length < 19 || BigInt(text) <= max);

/** Parses a record id. Throws a RangeError that names the shape, never the text around it. */
export function recordId(text: unknown): RecordId {
  if (isRecordId(text)) return text;
  throw new RangeError('A record id is 1 to 19 digits, at most 9223372036854775807');
}
