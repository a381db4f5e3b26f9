// How many rows an export may leave out before a person has to look. An export by a user who lost the right to see records looks just
// like records being gone; every row is still re-read, but to such a user the re-reads say the same.
import type { ModulePlan } from './catalog';
import type { RecordId } from '../mirror';
import { failure } from './failures';
import { listedAsDeleted } from './confirm-absent';
import type { RereadContext } from './reread';

const alwaysAllowed = 1_000;
const allowedShare = 0.1;

export interface Unseen {
  /** Live rows that the export did not show. */
  count: number;
  /** Live rows of the table. */
  live: number;
  /** Rows that the export had. */
  rows?: number | undefined;
}

const isMany = ({ count, live }: Unseen): boolean => count > Math.max(alwaysAllowed, live * allowedShare);

export const isSuspicious = (unseen: Unseen): boolean =>
  isMany(unseen) || (unseen.count > 0 && unseen.rows === 0);

/**
 * Throws TooManyUnseen above max(1,000, 10 %). An export without a single row is believed only where Zoho's list of deletions has every
 * unseen row: hidden records are not in it.
 * @param ids up to 1,000 of the unseen.
 */
export async function refuseSuspicious(
  context: Pick<RereadContext, 'zoho' | 'plan' | 'signal'>,
  unseen: Unseen,
  ids: () => Promise<readonly RecordId[]>,
): Promise<void> {
  if (!isSuspicious(unseen)) return;
  if (!isMany(unseen) && (await allDeleted(context, await ids()))) return;
  throw tooMany(context.plan, unseen);
}

async function allDeleted(
  context: Pick<RereadContext, 'zoho' | 'plan' | 'signal'>,
  ids: readonly RecordId[],
): Promise<boolean> {
  const listed = await listedAsDeleted(context, ids);
  return ids.every((id) => listed.has(id));
}

const tooMany = ({ module }: ModulePlan, { count, live }: Unseen): Error =>
  failure(
    'TooManyUnseen',
    `The export of ${module} did not show ${count} of ${live} live rows. See whether the Zoho user may still see all records, then resume`,
  );
