// As many as go into one statement. Knows no table.
import { recordId, type RecordId } from '../mirror/record-id';

export const idsPerStatement = 1_000;

export function* pieces<T>(all: readonly T[], size = idsPerStatement): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}

/** Ids are nothing but digits, so they may stand in the statement itself. */
export const listOf = (ids: readonly RecordId[]): string => ids.map((id) => recordId(id)).join(', ');
