// Makes sure of records that a list does not return. Knows nothing of the table.
import { instant, type Instant, type RecordId } from '../mirror';
import { readAlone, type Found, type Gone, type ReadContext, type Unreadable } from './read-apart';

/** From here on one `/deleted` page (2 credits) is cheaper than single reads (1 each). */
const worthListing = 4;
const lately = { pages: 5, backMs: 60 * 60_000 };
/** As far back as Zoho lists what was deleted. */
const ever = { pages: 500, backMs: 60 * 24 * 60 * 60_000 };

interface Confirmed {
  gone: Gone[];
  found: Found[];
  unreadable: Unreadable[];
}

/**
 * "Not returned" alone is not "deleted" (converted leads vanish from lists, a fresh record may not be readable yet):
 * `/deleted` or a single-record read must say so too.
 */
export async function confirmAbsent(
  { zoho, plan, signal }: ReadContext,
  absent: ReadonlyMap<RecordId, Instant>,
): Promise<Confirmed> {
  const confirmed: Confirmed = { gone: [], found: [], unreadable: [] };
  const listed =
    absent.size >= worthListing
      ? await deletedWithin({ zoho, plan, signal }, [...absent.keys()], {
          before: instant(Math.min(...absent.values())),
          ...lately,
        })
      : new Set();
  for (const [id, listAskedAt] of absent) {
    if (listed.has(id)) {
      confirmed.gone.push({ id, askedAt: listAskedAt });
      continue;
    }
    const alone = await readAlone({ zoho, plan, signal }, id);
    if ('found' in alone) confirmed.found.push(alone.found);
    else if ('gone' in alone) confirmed.gone.push(alone.gone);
    else confirmed.unreadable.push(alone.unreadable);
  }
  return confirmed;
}

/** Which of them Zoho lists as deleted in the last 60 days: 2 credits per 200 deletions. */
export const listedAsDeleted = (context: ReadContext, wanted: readonly RecordId[]): Promise<Set<RecordId>> =>
  deletedWithin(context, wanted, { before: context.zoho.now(), ...ever });

async function deletedWithin(
  { zoho, plan, signal }: ReadContext,
  wanted: readonly RecordId[],
  { before, pages, backMs }: { before: Instant; pages: number; backMs: number },
): Promise<Set<RecordId>> {
  const found = new Set<RecordId>();
  const looking = new Set(wanted);
  for (let page = 1; page <= pages && found.size < looking.size; page += 1) {
    const part = await zoho.deletedPage(plan.module, instant(before - backMs), page, signal);
    for (const { id } of part.records) if (looking.has(id)) found.add(id);
    if (!part.more) break;
  }
  return found;
}
