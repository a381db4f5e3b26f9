// The way of a changed record: its id is re-read from Zoho, and what Zoho shows, or no longer shows, is merged.
import { cancellationSignal } from '@temporalio/activity';
import { addCounts, noCounts, type Counts } from '../contracts';
import type { Database, Reject } from '../db';
import { isRecordId, type Instant, type Observation, type RecordId, type Registers } from '../mirror';
import type { ZohoRecord } from '../zoho';
import { confirmAbsent, type ConfirmContext } from './confirm-absent';
import type { Deps } from './deps';
import { tellProgress } from './heartbeat';
import { notificationTook } from './metrics';
import { observe, orderedAfter } from './observe';
import { readApart, type Unreadable } from './read-apart';

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
export const createRereadActivities = ({ zoho, db, catalog }: Deps) => ({
  async rereadRecords({ module, ids, expected, receivedAt }: Reread): Promise<RereadResult> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    const result = await reread({ zoho, db, plan, signal }, ids.filter(isRecordId), new Set(expected));
    if (receivedAt !== undefined) notificationTook(module, receivedAt);
    return result;
  },
});

export interface RereadContext extends ConfirmContext {
  db: Database;
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
    const part = await rereadSome(context, ids.slice(at, at + idsPerLook), expected);
    counts = addCounts(counts, part.counts);
    again.push(...part.again);
    tellProgress({ done: at + idsPerLook });
  }
  return { counts, again };
}

/** What a re-read of up to 500 ids shows. */
export interface Seen {
  /** The registers as they were before Zoho was asked. */
  stored: ReadonlyMap<RecordId, Registers>;
  observations: Observation[];
  rejects: Reject[];
  /** Ids of the rejects of which Zoho gave no answer that can be used: they may be readable in a while. */
  unreadable: RecordId[];
}

/** Re-reads and writes nothing. With `listOnly` the ids that a list does not return are left open instead of being asked for one by one. */
export async function readWithRegisters(
  context: RereadContext,
  ids: readonly RecordId[],
  { listOnly = false }: { listOnly?: boolean } = {},
): Promise<Seen> {
  const { db, plan } = context;
  // First the registers, then Zoho: the answer is then known to be younger than what they hold.
  const stored = await db.registers(plan.table, ids);
  const answer = await readApart(context, ids);
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

  const { gone, found, unreadable } = await confirmAbsent(context, answer.absent, stored);
  for (const { record, askedAt } of found) take(record, askedAt);
  for (const { id, askedAt } of [...answer.gone, ...gone])
    observations.push({ kind: 'gone', id, observedAt: orderedAfter(stored.get(id), askedAt) });
  unreadable.forEach(refuse);
  return {
    stored,
    observations,
    rejects,
    unreadable: [...answer.unreadable, ...unreadable].map(({ id }) => id),
  };
}

async function rereadSome(
  context: RereadContext,
  ids: readonly RecordId[],
  expected: ReadonlySet<string>,
): Promise<RereadResult> {
  const { db, plan, signal } = context;
  const { stored, observations, rejects, unreadable } = await readWithRegisters(context, ids);
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
