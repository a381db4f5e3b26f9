// The way of a changed record: its id is re-read from Zoho, and what Zoho shows, or no longer shows, is merged.
import { cancellationSignal } from '@temporalio/activity';
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
import { ZohoError, type Zoho, type ZohoRecord } from '../zoho';
import type { ModulePlan } from './catalog';
import type { Deps } from './deps';
import { tellProgress } from './heartbeat';
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

/** Read together, so that what a list cuts is fetched for many at once; Zoho is asked for a hundred a call. */
const idsPerLook = 500;
/** From here on one `/deleted` page (2 credits) is cheaper than single reads (1 each). */
const worthListing = 4;
const lately = { pages: 5, backMs: 60 * 60_000 };
/** As far back as Zoho lists what was deleted. */
const ever = { pages: 500, backMs: 60 * 24 * 60 * 60_000 };

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

/** Re-reads any number of ids, some hundreds at a time, and merges them as they come. */
export async function reread(
  context: RereadContext,
  ids: readonly RecordId[],
  expected: ReadonlySet<string> = new Set(),
): Promise<RereadResult> {
  let counts = noCounts();
  const again: string[] = [];
  for (let at = 0; at < ids.length; at += idsPerLook) {
    const part = await rereadCall(context, ids.slice(at, at + idsPerLook), expected);
    counts = addCounts(counts, part.counts);
    again.push(...part.again);
    tellProgress({ done: at + idsPerLook });
  }
  return { counts, again };
}

/** What a re-read of up to 500 ids shows. */
export interface Look {
  /** The registers as they were before Zoho was asked. */
  stored: ReadonlyMap<RecordId, Registers>;
  observations: Observation[];
  rejects: Reject[];
  /** Ids of the rejects of which Zoho gave no answer that can be used: they may be readable in a while. */
  unreadable: RecordId[];
}

/** Re-reads and writes nothing. With `listOnly` the ids that a list does not return are left open instead of being asked for one by one. */
export async function look(
  { zoho, db, plan, signal }: RereadContext,
  ids: readonly RecordId[],
  { listOnly = false }: { listOnly?: boolean } = {},
): Promise<Look> {
  // First the registers, then Zoho: the answer is then known to be younger than what they hold.
  const stored = await db.registers(plan.table, ids);
  const answer = await readApart({ zoho, plan, signal }, ids);
  const observations: Observation[] = [];
  const rejects: Reject[] = [];
  const take = (record: ZohoRecord, askedAt: Instant): void => {
    const seen = observe(record, orderedAfter(stored.get(record.id), askedAt), plan);
    if ('kind' in seen) observations.push(seen);
    else rejects.push(seen);
  };
  const refuse = ({ id, askedAt, reason }: Unreadable): void =>
    void rejects.push({ id, reason, raw: '{}', observedAt: orderedAfter(stored.get(id), askedAt) });
  for (const { record, askedAt } of answer.found) take(record, askedAt);
  answer.unreadable.forEach(refuse);
  if (listOnly) return { stored, observations, rejects, unreadable: answer.unreadable.map(({ id }) => id) };

  const { gone, found, unreadable } = await confirmAbsent({ zoho, plan, signal }, answer.absent);
  for (const { record, askedAt } of found) take(record, askedAt);
  for (const { id, askedAt } of gone)
    observations.push({ kind: 'gone', id, observedAt: orderedAfter(stored.get(id), askedAt) });
  unreadable.forEach(refuse);
  return {
    stored,
    observations,
    rejects,
    unreadable: [...answer.unreadable, ...unreadable].map(({ id }) => id),
  };
}

async function rereadCall(
  context: RereadContext,
  ids: readonly RecordId[],
  expected: ReadonlySet<string>,
): Promise<RereadResult> {
  const { db, plan, signal } = context;
  const { stored, observations, rejects, unreadable } = await look(context, ids);
  const { counts } = await db.merge(plan.table, {
    rows: { observations },
    rejects,
    fromExport: false,
    signal,
  });
  const unseen = observations
    .filter(({ kind, id }) => kind === 'gone' && neverSeen(stored.get(id)) && expected.has(id))
    .map(({ id }) => id);
  return { counts, again: [...unseen, ...unreadable] };
}

const neverSeen = (registers: Registers | undefined): boolean => registers?.modifiedAt === undefined;

interface Found {
  record: ZohoRecord;
  askedAt: Instant;
}

/** A record of which Zoho gives no answer that can be used; others are read all the same. */
interface Unreadable {
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
async function readApart(
  { zoho, plan, signal }: Omit<RereadContext, 'db'>,
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
async function confirmAbsent(
  { zoho, plan, signal }: Omit<RereadContext, 'db'>,
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
export const listedAsDeleted = (
  context: Omit<RereadContext, 'db'>,
  wanted: readonly RecordId[],
): Promise<Set<RecordId>> => deletedWithin(context, wanted, { before: context.zoho.now(), ...ever });

async function deletedWithin(
  { zoho, plan, signal }: Omit<RereadContext, 'db'>,
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
