// Makes sure of records that a list does not return. Knows nothing of the table.
import { instant, type Instant, type RecordId, type Registers } from '../mirror';
import { Deletions } from './deletions';
import { readAlone, type Found, type Gone, type ReadContext, type Unreadable } from './read-apart';

/** A page of `/deleted` costs 2 credits, a single read 1. */
const notWorthAPage = 3;
const readsPerPage = 2;

interface Confirmed {
  gone: Gone[];
  found: Found[];
  unreadable: Unreadable[];
}

export interface ConfirmContext extends ReadContext {
  /** What was read of `/deleted` before; without it the list is read anew. */
  deletions?: Deletions | undefined;
}

/**
 * "Not returned" alone is not "deleted" (converted leads vanish from lists, a fresh record may not be readable yet):
 * `/deleted` or a single-record read must say so too. The list is read no further than the single reads would cost.
 * @param stored the registers as they were before Zoho was asked: what Zoho listed before them says nothing.
 */
export async function confirmAbsent(
  context: ConfirmContext,
  absent: ReadonlyMap<RecordId, Instant>,
  stored: ReadonlyMap<RecordId, Registers>,
): Promise<Confirmed> {
  const confirmed: Confirmed = { gone: [], found: [], unreadable: [] };
  const wanted = new Map(
    [...absent].map(([id, at]) => [id, instant(Math.min(at, lastSeen(stored.get(id)) + 1))]),
  );
  const listed = await (context.deletions ?? new Deletions()).find(context, wanted, {
    pages: Math.floor(absent.size / readsPerPage),
    few: notWorthAPage,
  });
  for (const [id, askedAt] of absent) {
    const listedAt = listed.get(id);
    if (listedAt !== undefined) {
      confirmed.gone.push({ id, askedAt: instant(Math.min(askedAt, listedAt)) });
      continue;
    }
    const alone = await readAlone(context, id);
    if ('found' in alone) confirmed.found.push(alone.found);
    else if ('gone' in alone) confirmed.gone.push(alone.gone);
    else confirmed.unreadable.push(alone.unreadable);
  }
  return confirmed;
}

const lastSeen = ({ observedAt = instant(0), goneAt = instant(0) }: Registers = {}): number =>
  Math.max(observedAt, goneAt);

/** Which of them Zoho lists as deleted in the last 60 days. */
export const listedAsDeleted = (
  context: ReadContext,
  wanted: readonly RecordId[],
): Promise<ReadonlyMap<RecordId, Instant>> =>
  new Deletions().find(context, new Map(wanted.map((id) => [id, instant(0)])), { pages: 500, few: 0 });
