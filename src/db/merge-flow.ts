// Merges a batch in one transaction: checkpoint, entries piece by piece, rejects, checkpoint. The law itself is the dialect's SQL.
import { setImmediate as breathe } from 'node:timers/promises';
import type { Knex } from 'knex';
import { noCounts, type Counts } from '../contracts';
import type { Instant } from '../mirror/instant';
import type { RecordId } from '../mirror/record-id';
import { combine, type Entry } from './batch';
import { takeBack } from './comparer';
import type { MergeRequest, MergeResult, Reject } from './database';
import type { Dialect, MergeSession } from './dialect';
import type { Layout } from './layout';
import type { Ledger } from './ledger';
import { refusal } from './limits';
import { rejectOf, storeRejects } from './rejects';

interface Work {
  trx: Knex.Transaction;
  dialect: Dialect;
  layout: Layout;
  session: MergeSession;
  fromExport: boolean;
  counts: Counts;
  rejects: Reject[];
  /** Absences whose content the table refused: they still count. */
  leftOver: Entry[];
  reread: RecordId[];
}

export async function mergeInto(
  trx: Knex.Transaction,
  parts: { dialect: Dialect; layout: Layout; ledger: Ledger; request: MergeRequest; now: Instant },
): Promise<MergeResult> {
  const { dialect, layout, ledger, request, now } = parts;
  // First, so that a zombie stops before it works, and waits here while the other attempt is at it.
  if (request.checkpoint !== undefined) await ledger.claim(trx, request.checkpoint);
  await takeBack(trx, { dialect, layout, rows: request.takeBack ?? [] });
  const session = await dialect.openMerge(trx, layout);
  const work: Work = {
    trx,
    dialect,
    layout,
    session,
    fromExport: request.fromExport,
    counts: noCounts(),
    rejects: [...request.rejects],
    leftOver: [],
    reread: [],
  };
  work.counts.read = request.rejects.length;
  work.counts.rejected = request.rejects.length;
  const entries = combine(request.observations);
  for (let from = 0; from < entries.length; from += dialect.chunk) {
    request.signal?.throwIfAborted();
    await mergeChunk(work, entries.slice(from, from + dialect.chunk));
    await breathe();
  }
  await mergeStaged(work, work.leftOver);
  await settle(work, entries, now);
  if (work.reread.length > 0) await request.beforeCommit?.(work.reread);
  await session.close();
  if (request.checkpoint !== undefined) await ledger.advance(trx, request.checkpoint, work.counts);
  return { counts: work.counts, reread: work.reread };
}

async function mergeChunk(work: Work, chunk: readonly Entry[]): Promise<void> {
  const fitting = chunk.map((entry) => keepFitting(work, entry));
  await mergeStaged(work, await insertNew(work, fitting));
}

async function mergeStaged(work: Work, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await work.session.stage(entries);
  if ((await shortCut(work, entries.length)) === 0) return;
  await applyOrSplit(work, { staged: entries, from: 0, to: entries.length });
}

/** Answers how many entries are left. On a row that the table refuses, all go the way that finds it. */
async function shortCut(work: Work, staged: number): Promise<number> {
  const { dialect, trx, session, counts } = work;
  await dialect.savepoint(trx);
  try {
    const { inserted, unchanged, rest } = await session.shortCut(staged);
    await dialect.releaseSavepoint(trx);
    counts.inserted += inserted;
    counts.unchanged += unchanged;
    return rest;
  } catch (error) {
    if (dialect.classify(error).kind !== 'row') throw error;
    await dialect.rollbackToSavepoint(trx);
    return staged;
  }
}

/** Counts what was read, and takes the content off an entry whose values do not fit. */
function keepFitting(work: Work, entry: Entry): Entry {
  if (entry.live === undefined) return entry;
  work.counts.read += entry.beaten + 1;
  work.counts.stale += entry.beaten;
  const refused = refusal(work.layout, entry.live.values);
  return refused === undefined ? entry : reject(work, entry, refused);
}

function reject(work: Work, entry: Entry, refused: { column?: string; reason: string }): Entry {
  if (entry.live !== undefined) {
    work.rejects.push(rejectOf(work.layout, entry.live, refused));
    work.counts.rejected += 1;
  }
  return { id: entry.id, beaten: 0, ...(entry.goneAt === undefined ? {} : { goneAt: entry.goneAt }) };
}

/** The short cut for new records; on a row that the table refuses, all go the way that finds it. */
async function insertNew(work: Work, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const something = entries.filter((entry) => entry.live !== undefined || entry.goneAt !== undefined);
  await work.dialect.savepoint(work.trx);
  try {
    const rest = await work.session.insertNew(something);
    await work.dialect.releaseSavepoint(work.trx);
    work.counts.inserted += something.length - rest.length;
    return rest;
  } catch (error) {
    if (work.dialect.classify(error).kind !== 'row') throw error;
    await work.dialect.rollbackToSavepoint(work.trx);
    return something;
  }
}

/** Bisects: a refused row costs some twenty statements, the others go in. */
async function applyOrSplit(
  work: Work,
  range: { staged: readonly Entry[]; from: number; to: number },
): Promise<void> {
  const { staged, from, to } = range;
  await work.dialect.savepoint(work.trx);
  try {
    const { tally, reread } = await work.session.apply({ from, to, fromExport: work.fromExport });
    await work.dialect.releaseSavepoint(work.trx);
    const { counts } = work;
    counts.inserted += tally.inserted;
    counts.updated += tally.updated;
    counts.unchanged += tally.unchanged;
    counts.deleted += tally.deleted;
    counts.stale += tally.live - tally.inserted - tally.updated - tally.unchanged;
    work.reread.push(...reread);
    return;
  } catch (error) {
    const verdict = work.dialect.classify(error);
    if (verdict.kind !== 'row') throw error;
    await work.dialect.rollbackToSavepoint(work.trx);
    if (to - from === 1) return rejectStaged(work, staged[from], { error, reason: verdict.means });
  }
  const middle = Math.floor((from + to) / 2);
  await applyOrSplit(work, { staged, from, to: middle });
  await applyOrSplit(work, { staged, from: middle, to });
}

async function rejectStaged(
  work: Work,
  entry: Entry | undefined,
  why: { error: unknown; reason: string },
): Promise<void> {
  // Not the row's fault when there is no content in it.
  if (entry?.live === undefined) throw why.error;
  const rest = reject(work, entry, { reason: `refused by ${why.reason}` });
  if (rest.goneAt !== undefined) work.leftOver.push(rest);
}

async function settle(work: Work, entries: readonly Entry[], at: Instant): Promise<void> {
  const { module } = work.layout.table;
  await storeRejects(work.trx, work.dialect, { module, rejects: work.rejects, at });
  const ids = new Set<RecordId>(entries.map((entry) => entry.id));
  for (const { id } of work.rejects) if (id !== undefined) ids.add(id as RecordId);
  await work.session.settleRejects([...ids], at);
}
