// Parses JSON without hurting long numbers: what a double cannot hold arrives as text; it never builds JSON.
import { z } from 'zod';
import type { Value } from './types';

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

const value: z.ZodType<Value> = z.lazy(() =>
  z.union([z.null(), z.string(), z.boolean(), z.array(value), z.record(z.string(), value)]),
);

/** Every number becomes text: ids and money keep all their digits. Undefined if it is no JSON. */
export function parseExactJson(text: string): Value | undefined {
  const numbersQuoted = text.replace(STRING_OR_NUMBER, (found) =>
    found.startsWith('"') ? found : `"${found}"`,
  );
  try {
    return value.parse(JSON.parse(numbersQuoted));
  } catch {
    // Not JSON: the caller answers with the refusal of its own route.
    return undefined;
  }
}
