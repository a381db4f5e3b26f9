// Merges a batch in one transaction: checkpoint, entries piece by piece, rejects, checkpoint. The law itself is the dialect's SQL.
import { setImmediate as breathe } from 'node:timers/promises';
import type { Knex } from 'knex';
import { type Counts, noCounts } from '../../contracts';
import type { Instant } from '../../mirror/instant';
import type { RecordId } from '../../mirror/record-id';
import type { MergeRequest, MergeResult, PreparedBatch, Reject } from '../batch';
import type { Dialect, MergeSession } from '../dialect';
import type { Entry } from '../fold';
import type { Layout } from '../layout';
import type { Ledger } from '../own/ledger';
import { storeRejects } from '../own/rejects';
import { examineTable } from '../table/ensure';
import { rejectOf } from '../table/limits';
import { type LeftOut, TransactionLost } from './bisect-transactions';
import { type Folded, foldFitting } from './fold-fitting';
import { expectOneToFit, expectOneToGoIn, Suspicion } from './systematic-failure';
import { takeBack } from './take-back';

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
  /** Absences whose deletion the table refused: they are remembered all the same. */
  undeletable: Entry[];
  reread: RecordId[];
  suspicion: Suspicion;
  /** Throws what is in the way of the table by now, if anything is. */
  examine: () => Promise<void>;
  leftOut: LeftOut;
}

interface Parts {
  dialect: Dialect;
  layout: Layout;
  ledger: Ledger;
  request: MergeRequest;
  now: Instant;
  /** Staged entries that end the transaction: they are rejected without another try. */
  leftOut: LeftOut;
}

export async function mergeInto(trx: Knex.Transaction, parts: Parts): Promise<MergeResult> {
  const { dialect, layout, ledger, request, now } = parts;
  // First, so that a zombie stops before it works, and waits here while the other attempt is at it.
  if (request.checkpoint !== undefined) await ledger.claim(trx, request.checkpoint);
  const session = await dialect.openMerge(trx, layout);
  await takeBack(trx, { dialect, layout, rows: request.takeBack ?? [] });
  const work = workOf(trx, session, parts);
  const { prepared } = request;
  const ids = prepared === undefined ? await mergeAll(work, request) : await mergePrepared(work, prepared);
  if (request.fromExport) expectOneToFit(work.rejects, work.counts.read);
  await mergeStaged(work, work.leftOver);
  await rememberDeletions(work);
  await settle(work, ids, now);
  if (work.reread.length > 0) await request.beforeCommit?.(work.reread);
  await session.close();
  if (request.checkpoint !== undefined) await ledger.advance(trx, request.checkpoint, work.counts);
  return { counts: work.counts, reread: work.reread };
}

function workOf(trx: Knex.Transaction, session: MergeSession, parts: Parts): Work {
  const { dialect, layout, ledger, request, leftOut } = parts;
  const { length } = request.rejects;
  return {
    trx,
    dialect,
    layout,
    session,
    fromExport: request.fromExport,
    counts: { ...noCounts(), read: length, rejected: length },
    rejects: [...request.rejects],
    leftOver: [],
    undeletable: [],
    reread: [],
    suspicion: new Suspicion(),
    examine: () => examineTable(trx, { dialect, ledger, table: layout.table }),
    leftOut,
  };
}

/** Tries some staged entries of a request and takes everything back. Answers what refuses them, if anything does. */
export async function attemptPart(
  trx: Knex.Transaction,
  parts: Parts,
  range: { from: number; to: number },
): Promise<string | undefined> {
  const { dialect, layout, request } = parts;
  const session = await dialect.openMerge(trx, layout);
  if (request.prepared === undefined)
    await session.stage(foldFitting(layout, request.observations).entries);
  else await session.stageRows(request.prepared.rows);
  try {
    await session.apply({ ...range, fromExport: request.fromExport });
    return undefined;
  } catch (error) {
    const { kind, means } = dialect.classify(error);
    if (kind === 'row') return means;
    throw error;
  }
}

/** Undoes what the refused rows have done; where the server has ended the transaction, they have to be found in others. */
async function stepBack(work: Work, refused: { from: number; to: number; means: string }): Promise<void> {
  if (await work.dialect.usable(work.trx)) return work.dialect.rollbackToSavepoint(work.trx);
  throw new TransactionLost(refused.from, refused.to, refused.means);
}

async function mergeAll(work: Work, request: MergeRequest): Promise<RecordId[]> {
  const folded = foldFitting(work.layout, request.observations);
  const { entries } = folded;
  count(work, folded);
  for (let from = 0; from < entries.length; from += work.dialect.chunk) {
    request.signal?.throwIfAborted();
    await mergeStaged(work, await insertNew(work, entries.slice(from, from + work.dialect.chunk)));
    await breathe();
  }
  return entries.map(({ id }) => id);
}

async function mergePrepared(work: Work, prepared: PreparedBatch): Promise<RecordId[]> {
  const { session } = work;
  count(work, prepared);
  if (prepared.count > 0) {
    await session.stageRows(prepared.rows);
    await mergeRest(work, { count: prepared.count, entryOf: (n) => session.stagedEntry(n) });
  }
  return prepared.ids;
}

function count(work: Work, folded: Pick<Folded, 'rejects' | 'read' | 'stale'>): void {
  work.counts.read += folded.read;
  work.counts.stale += folded.stale;
  work.counts.rejected += folded.rejects.length;
  for (const one of folded.rejects) work.rejects.push(one);
}

async function mergeStaged(work: Work, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await work.session.stage(entries);
  await mergeRest(work, { count: entries.length, entryOf: async (n) => entries[n] });
}

interface Staged {
  count: number;
  entryOf: (n: number) => Promise<Entry | undefined>;
}

async function mergeRest(work: Work, staged: Staged): Promise<void> {
  if (work.leftOut.size > 0) return mergeAround(work, staged);
  if ((await shortCut(work, staged.count)) === 0) return;
  await applyOrSplit(work, { staged, from: 0, to: staged.count });
}

async function mergeAround(work: Work, staged: Staged): Promise<void> {
  const { leftOut } = work;
  work.leftOut = new Map();
  let from = 0;
  for (const [n, reason] of [...leftOut].sort(([a], [b]) => a - b)) {
    if (n > from) await applyOrSplit(work, { staged, from, to: n });
    rejectStaged(work, await staged.entryOf(n), { error: new TransactionLost(n, n + 1, reason), reason });
    from = n + 1;
  }
  if (from < staged.count) await applyOrSplit(work, { staged, from, to: staged.count });
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
    const { kind, means } = dialect.classify(error);
    if (kind !== 'row') throw error;
    await stepBack(work, { from: 0, to: staged, means });
    return staged;
  }
}

/** The short cut for new records; on a row that the table refuses, all go the way that finds it. */
async function insertNew(work: Work, entries: readonly Entry[]): Promise<readonly Entry[]> {
  await work.dialect.savepoint(work.trx);
  try {
    const rest = await work.session.insertNew(entries);
    await work.dialect.releaseSavepoint(work.trx);
    work.counts.inserted += entries.length - rest.length;
    return rest;
  } catch (error) {
    if (work.dialect.classify(error).kind !== 'row') throw error;
    await work.dialect.rollbackToSavepoint(work.trx);
    return entries;
  }
}

/** Bisects: a refused row costs some twenty statements, the others go in. */
async function applyOrSplit(work: Work, range: { staged: Staged; from: number; to: number }): Promise<void> {
  const { staged, from, to } = range;
  await work.dialect.savepoint(work.trx);
  try {
    const { tally, reread } = await work.session.apply({ from, to, fromExport: work.fromExport });
    await work.dialect.releaseSavepoint(work.trx);
    work.suspicion.taken();
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
    await stepBack(work, { from, to, means: verdict.means });
    if (to - from === staged.count) await work.examine();
    if (to - from === 1) {
      rejectStaged(work, await staged.entryOf(from), {
        error,
        reason: verdict.means,
        column: verdict.column,
      });
      if (work.fromExport && work.suspicion.grows(verdict.code)) {
        await expectOneToGoIn(work, staged.count, verdict);
        work.suspicion.lift();
      }
      return;
    }
  }
  const middle = Math.floor((from + to) / 2);
  await applyOrSplit(work, { staged, from, to: middle });
  await applyOrSplit(work, { staged, from: middle, to });
}

interface Refusal {
  error: unknown;
  reason: string;
  column?: string | undefined;
}

function rejectStaged(work: Work, entry: Entry | undefined, why: Refusal): void {
  if (entry === undefined) throw why.error;
  const { id, live, goneAt } = entry;
  work.counts.rejected += 1;
  if (live !== undefined) {
    const { name: column } = work.layout.table.columns.find(({ name }) => name === why.column) ?? {};
    const reason = `refused by ${why.reason}`;
    work.rejects.push(rejectOf(work.layout, live, { reason, ...(column ? { column } : {}) }));
    if (goneAt !== undefined) work.leftOver.push({ id, goneAt });
    return;
  }
  if (goneAt === undefined) throw why.error;
  work.rejects.push({
    id,
    reason: `its deletion is refused by ${why.reason}`,
    raw: '{}',
    observedAt: goneAt,
  });
  work.undeletable.push(entry);
}

/** Gone is gone: the row that has to stay is marked where that can be done, and no late row may write it as if it were live. */
async function rememberDeletions({ session, dialect, trx, undeletable }: Work): Promise<void> {
  if (undeletable.length === 0) return;
  await session.stage(undeletable);
  const range = { from: 0, to: undeletable.length, fromExport: false };
  await dialect.savepoint(trx);
  try {
    await session.apply({ ...range, dead: 'marked' });
    await dialect.releaseSavepoint(trx);
  } catch (error) {
    if (dialect.classify(error).kind !== 'row') throw error;
    await dialect.rollbackToSavepoint(trx);
    await session.apply({ ...range, dead: 'untouched' });
  }
}

async function settle(work: Work, known: readonly RecordId[], at: Instant): Promise<void> {
  const { module } = work.layout.table;
  await storeRejects(work.trx, work.dialect, { module, rejects: work.rejects, at });
  const ids = new Set<RecordId>(known);
  for (const { id } of work.rejects) if (id !== undefined) ids.add(id as RecordId);
  await work.session.settleRejects([...ids], at);
}
