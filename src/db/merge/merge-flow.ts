// Merges a batch in one transaction: checkpoint, entries piece by piece, rejects, checkpoint. The law itself is the dialect's SQL.
import { setImmediate as breathe } from 'node:timers/promises';
import type { Knex } from 'knex';
import { noCounts, type Counts } from '../../contracts';
import type { Instant } from '../../mirror/instant';
import type { RecordId } from '../../mirror/record-id';
import type { MergeRequest, MergeResult, Reject } from '../batch';
import type { Dialect, Entries, MergeSession } from '../dialect';
import type { Entry } from '../fold';
import type { Layout } from '../layout';
import type { Ledger } from '../own/ledger';
import { storeRejects } from '../own/rejects';
import { pieces } from '../pieces';
import { examineTable } from '../table/ensure';
import { rejectOf } from '../table/limits';
import { TransactionLost, type LeftOut } from './bisect-transactions';
import { foldedOf, inMemory, type Folded } from './fold-fitting';
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
  heldBack: RecordId[];
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

/** Takes the transaction back although nothing went wrong. */
export class RolledBack extends Error {
  constructor(readonly result: MergeResult) {
    super('rows are held back');
    this.name = 'RolledBack';
  }
}

/** Throws `RolledBack` where that is what the request wants. */
export async function mergeInto(trx: Knex.Transaction, parts: Parts): Promise<MergeResult> {
  const { dialect, layout, ledger, request, now } = parts;
  // First, so that a zombie stops before it works, and waits here while the other attempt is at it.
  if (request.checkpoint !== undefined) await ledger.claim(trx, request.checkpoint);
  const session = await dialect.openMerge(trx, layout);
  await takeBack(trx, { dialect, layout, rows: request.takeBack ?? [] });
  const work = workOf(trx, session, parts);
  const folded = foldedOf(layout, request.rows);
  count(work, folded);
  for (const entries of portions(folded.entries, dialect.chunk)) {
    request.signal?.throwIfAborted();
    await mergeEntries(work, entries);
    await breathe();
  }
  if (request.fromExport) expectOneToFit(work.rejects, work.counts.read);
  await mergeEntries(work, inMemory(work.leftOver));
  await rememberDeletions(work);
  await settle(work, folded.ids, now);
  const { counts, heldBack } = work;
  if (heldBack.length > 0 && request.heldBack === 'rollback')
    throw new RolledBack({ committed: false, counts, heldBack });
  await session.close();
  if (request.checkpoint !== undefined) await ledger.advance(trx, request.checkpoint, counts);
  return { committed: true, counts, heldBack };
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
    heldBack: [],
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
  await session.stage(foldedOf(layout, request.rows).entries);
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

/** No more at a time than the dialect works on between two turns of the event loop; what is encoded is one piece. */
function* portions(all: Entries, chunk: number): Generator<Entries> {
  if ('encoded' in all) yield all;
  else for (const entries of pieces(all.entries, chunk)) yield inMemory(entries);
}

function count(work: Work, folded: Pick<Folded, 'rejects' | 'read' | 'stale'>): void {
  work.counts.read += folded.read;
  work.counts.stale += folded.stale;
  work.counts.rejected += folded.rejects.length;
  for (const one of folded.rejects) work.rejects.push(one);
}

async function mergeEntries(work: Work, entries: Entries): Promise<void> {
  if (entries.count === 0) return;
  await work.session.stage(entries);
  if (work.leftOut.size > 0) return mergeAround(work, entries.count);
  const all = await fastPath(work, entries.count);
  if (all > 0) await applyOrSplit(work, { from: 0, to: all, all });
}

async function mergeAround(work: Work, all: number): Promise<void> {
  const { leftOut } = work;
  work.leftOut = new Map();
  let from = 0;
  for (const [n, reason] of [...leftOut].sort(([a], [b]) => a - b)) {
    if (n > from) await applyOrSplit(work, { from, to: n, all });
    await rejectEntry(work, n, { error: new TransactionLost(n, n + 1, reason), reason });
    from = n + 1;
  }
  if (from < all) await applyOrSplit(work, { from, to: all, all });
}

/** Answers how many entries are left. On a row that the table refuses, all go the way that finds it. */
async function fastPath(work: Work, all: number): Promise<number> {
  const { dialect, trx, session, counts } = work;
  await dialect.savepoint(trx);
  try {
    const { inserted, unchanged, rest } = await session.fastPath();
    await dialect.releaseSavepoint(trx);
    counts.inserted += inserted;
    counts.unchanged += unchanged;
    return rest;
  } catch (error) {
    const { kind, means } = dialect.classify(error);
    if (kind !== 'row') throw error;
    await stepBack(work, { from: 0, to: all, means });
    return all;
  }
}

/** Bisects: a refused row costs some twenty statements, the others go in. */
async function applyOrSplit(work: Work, range: { from: number; to: number; all: number }): Promise<void> {
  const { from, to, all } = range;
  await work.dialect.savepoint(work.trx);
  try {
    const { tally, heldBack } = await work.session.apply({ from, to, fromExport: work.fromExport });
    await work.dialect.releaseSavepoint(work.trx);
    work.suspicion.taken();
    const { counts } = work;
    counts.inserted += tally.inserted;
    counts.updated += tally.updated;
    counts.unchanged += tally.unchanged;
    counts.deleted += tally.deleted;
    counts.stale += tally.live - tally.inserted - tally.updated - tally.unchanged;
    work.heldBack.push(...heldBack);
    return;
  } catch (error) {
    const verdict = work.dialect.classify(error);
    if (verdict.kind !== 'row') throw error;
    await stepBack(work, { from, to, means: verdict.means });
    if (to - from === all) await work.examine();
    if (to - from === 1) {
      await rejectEntry(work, from, { error, reason: verdict.means, column: verdict.column });
      if (work.fromExport && work.suspicion.grows(verdict.code)) {
        await expectOneToGoIn(work, all, verdict);
        work.suspicion.lift();
      }
      return;
    }
  }
  const middle = Math.floor((from + to) / 2);
  await applyOrSplit(work, { from, to: middle, all });
  await applyOrSplit(work, { from: middle, to, all });
}

interface Refusal {
  error: unknown;
  reason: string;
  column?: string | undefined;
}

async function rejectEntry(work: Work, n: number, why: Refusal): Promise<void> {
  const entry = await work.session.entry(n);
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
  await session.stage(inMemory(undeletable));
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
