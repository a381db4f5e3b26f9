// Reads records by their ids, and makes sure of those that Zoho does not return. Knows nothing of the table.
import { instant, type Instant, type RecordId } from '../mirror';
import { ZohoError, type Zoho, type ZohoRecord } from '../zoho';
import type { ModulePlan } from './catalog';

/** From here on one `/deleted` page (2 credits) is cheaper than single reads (1 each). */
const worthListing = 4;
const lately = { pages: 5, backMs: 60 * 60_000 };
/** As far back as Zoho lists what was deleted. */
const ever = { pages: 500, backMs: 60 * 24 * 60 * 60_000 };

export interface ReadContext {
  zoho: Zoho;
  plan: ModulePlan;
  signal: AbortSignal;
}

export interface Found {
  record: ZohoRecord;
  askedAt: Instant;
}

/** A record of which Zoho gives no answer that can be used; others are read all the same. */
export interface Unreadable {
  id: RecordId;
  askedAt: Instant;
  reason: string;
}

interface Confirmed {
  gone: { id: RecordId; askedAt: Instant }[];
  found: Found[];
  unreadable: Unreadable[];
}

interface ReadApart {
  found: Found[];
  /** Not returned, and when they were asked for. */
  absent: ReadonlyMap<RecordId, Instant>;
  unreadable: Unreadable[];
}

/**
 * One call where that works. Where Zoho's answer cannot be used, the ids are halved until the record is alone whose fault it is. If all
 * of several are unreadable it is nobody's fault: the error is thrown as it is.
 */
export async function readApart(
  { zoho, plan, signal }: ReadContext,
  ids: readonly RecordId[],
): Promise<ReadApart> {
  const askedAt = zoho.now();
  try {
    const { records, absent } = await zoho.recordsByIds(plan.module, ids, plan.ask, signal);
    const found = records.map(({ askedAt: sentAt, ...record }) => ({ record, askedAt: sentAt }));
    return { found, absent, unreadable: [] };
  } catch (error) {
    const reason = unreadableBecause(error);
    if (reason === undefined) throw error;
    const [only] = ids;
    if (ids.length === 1)
      return { found: [], absent: new Map(), unreadable: [{ id: only!, askedAt, reason }] };
    const middle = Math.ceil(ids.length / 2);
    const first = await readApart({ zoho, plan, signal }, ids.slice(0, middle));
    const second = await readApart({ zoho, plan, signal }, ids.slice(middle));
    const unreadable = [...first.unreadable, ...second.unreadable];
    if (unreadable.length === ids.length) throw error;
    return {
      found: [...first.found, ...second.found],
      absent: new Map([...first.absent, ...second.absent]),
      unreadable,
    };
  }
}

/** Why, when the answer's contents are to blame and not the connection, a right or a limit. */
function unreadableBecause(error: unknown): string | undefined {
  if (!(error instanceof ZohoError)) return undefined;
  if (error.code === 'RECORDS_MOVING') return 'the record changes faster than it can be read whole';
  return error.code === 'BAD_ANSWER' ? error.message : undefined;
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
    const before = zoho.now();
    try {
      const { record, askedAt } = await zoho.recordById(plan.module, id, plan.ask, signal);
      if (record) confirmed.found.push({ record, askedAt });
      else confirmed.gone.push({ id, askedAt });
    } catch (error) {
      const reason = unreadableBecause(error);
      if (reason === undefined) throw error;
      confirmed.unreadable.push({ id, askedAt: before, reason });
    }
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
