// The way of a changed record: its id is re-read from Zoho, and what Zoho shows, or no longer shows, is merged.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { addCounts, noCounts, type Counts } from '../contracts';
import type { Database, Reject } from '../db';
import {
  instant,
  isRecordId,
  type Instant,
  type Observation,
  type RecordId,
  type Registers,
} from '../mirror';
import type { Zoho, ZohoRecord } from '../zoho';
import type { ModulePlan } from './catalog';
import type { Deps } from './deps';
import { notificationTook } from './metrics';
import { observe, orderedAfter } from './observe';

export interface Reread {
  module: string;
  ids: string[];
  /** Those hinted as insert or update: if never seen and not found, Zoho may merely not show them yet. */
  expected: string[];
  /** ISO arrival of the oldest notification that asks for it. */
  receivedAt?: string;
}

export interface RereadResult {
  counts: Counts;
  /** Ids to ask for again after a while. */
  again: string[];
}

/** Zoho documents no maximum for `ids` in a read; deletes take 100. */
const idsPerCall = 100;
/** From here on one `/deleted` page (2 credits) is cheaper than single reads (1 each). */
const worthListing = 4;
const listingPages = 5;
const listingBackMs = 60 * 60_000;

export const createRecordActivities = ({ zoho, db, catalog }: Deps) => ({
  async rereadRecords({ module, ids, expected, receivedAt }: Reread): Promise<RereadResult> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    const result = await reread({ zoho, db, plan, signal }, ids.filter(isRecordId), new Set(expected));
    if (receivedAt !== undefined) notificationTook(module, receivedAt);
    return result;
  },
});

export interface RereadContext {
  zoho: Zoho;
  db: Database;
  plan: ModulePlan;
  signal: AbortSignal;
}

/** Re-reads any number of ids, a call's worth at a time, and merges each as it comes. */
export async function reread(
  context: RereadContext,
  ids: readonly RecordId[],
  expected: ReadonlySet<string> = new Set(),
): Promise<RereadResult> {
  let counts = noCounts();
  const again: string[] = [];
  for (let at = 0; at < ids.length; at += idsPerCall) {
    const part = await rereadCall(context, ids.slice(at, at + idsPerCall), expected);
    counts = addCounts(counts, part.counts);
    again.push(...part.again);
    heartbeat({ done: at + idsPerCall });
  }
  return { counts, again };
}

/** What a re-read of up to 100 ids shows. */
export interface Look {
  /** The registers as they were before Zoho was asked. */
  stored: ReadonlyMap<RecordId, Registers>;
  observations: Observation[];
  rejects: Reject[];
}

/** Re-reads and writes nothing. With `listOnly` the ids that a list does not return are left open instead of being asked for one by one. */
export async function look(
  { zoho, db, plan, signal }: RereadContext,
  ids: readonly RecordId[],
  { listOnly = false }: { listOnly?: boolean } = {},
): Promise<Look> {
  // First the registers, then Zoho: the answer is then known to be younger than what they hold.
  const stored = await db.registers(plan.table, ids);
  const answer = await zoho.recordsByIds(plan.module, ids, plan.ask, signal);
  const observations: Observation[] = [];
  const rejects: Reject[] = [];
  const take = (record: ZohoRecord, askedAt: Instant): void => {
    const seen = observe(record, orderedAfter(stored.get(record.id), askedAt), plan);
    if ('kind' in seen) observations.push(seen);
    else rejects.push(seen);
  };
  for (const record of answer.records) take(record, answer.askedAt);
  if (listOnly) return { stored, observations, rejects };

  const returned = new Set(answer.records.map(({ id }) => id));
  const missing = ids.filter((id) => !returned.has(id));
  const { gone, found } = await confirmAbsent({ zoho, plan, signal }, missing, answer.askedAt);
  for (const { record, askedAt } of found) take(record, askedAt);
  for (const { id, askedAt } of gone)
    observations.push({ kind: 'gone', id, observedAt: orderedAfter(stored.get(id), askedAt) });
  return { stored, observations, rejects };
}

async function rereadCall(
  context: RereadContext,
  ids: readonly RecordId[],
  expected: ReadonlySet<string>,
): Promise<RereadResult> {
  const { db, plan, signal } = context;
  const { stored, observations, rejects } = await look(context, ids);
  const { counts } = await db.merge(plan.table, { observations, rejects, fromExport: false, signal });
  const again = observations
    .filter(({ kind, id }) => kind === 'gone' && neverSeen(stored.get(id)) && expected.has(id))
    .map(({ id }) => id);
  return { counts, again };
}

const neverSeen = (registers: Registers | undefined): boolean => registers?.modifiedAt === undefined;

interface Confirmed {
  gone: { id: RecordId; askedAt: Instant }[];
  found: { record: ZohoRecord; askedAt: Instant }[];
}

/**
 * "Not returned" alone is not "deleted" (converted leads vanish from lists, a fresh record may not be readable yet):
 * `/deleted` or a single-record read must say so too.
 */
async function confirmAbsent(
  { zoho, plan, signal }: Omit<RereadContext, 'db'>,
  missing: readonly RecordId[],
  listAskedAt: Instant,
): Promise<Confirmed> {
  const confirmed: Confirmed = { gone: [], found: [] };
  const listed =
    missing.length >= worthListing
      ? await deletedLately({ zoho, plan, signal }, missing, listAskedAt)
      : new Set();
  for (const id of missing) {
    if (listed.has(id)) {
      confirmed.gone.push({ id, askedAt: listAskedAt });
      continue;
    }
    const { record, askedAt } = await zoho.recordById(plan.module, id, plan.ask, signal);
    if (record) confirmed.found.push({ record, askedAt });
    else confirmed.gone.push({ id, askedAt });
  }
  return confirmed;
}

async function deletedLately(
  { zoho, plan, signal }: Omit<RereadContext, 'db'>,
  wanted: readonly RecordId[],
  askedAt: Instant,
): Promise<Set<RecordId>> {
  const found = new Set<RecordId>();
  const looking = new Set(wanted);
  for (let page = 1; page <= listingPages && found.size < looking.size; page += 1) {
    const part = await zoho.deletedPage(plan.module, instant(askedAt - listingBackMs), page, signal);
    for (const { id } of part.records) if (looking.has(id)) found.add(id);
    if (!part.more) break;
  }
  return found;
}
