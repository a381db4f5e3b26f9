// Both sides compared: an export is kept beside the table, what differs is re-read, and what a re-read shows too is real.
// Every part may run twice: where it stands is in the database.
import { cancellationSignal } from '@temporalio/activity';
import { addCounts, type Counts, type Differences, noCounts, type Paid } from '../contracts';
import type {
  Database,
  DifferenceKind,
  DifferenceState,
  Findings,
  Judged,
  TakeBack,
  TargetTable,
} from '../db';
import { instant, type Instant, isRecordId, parseInstant, recordId, type RecordId, toIsoMs } from '../mirror';
import { observationsOf } from '../pages';
import { countingCredits } from '../zoho';
import { readBatches, type LoadedPage, type LoadPage } from './load-page';
import type { ModulePlan } from './catalog';
import type { DeletionsByModule } from './deletions';
import type { Deps } from './deps';
import { tellProgress } from './heartbeat';
import { readWithRegisters, type RereadContext, type Seen } from './reread';
import { thisRun } from './this-run';
import { isSuspicious, refuseSuspicious } from './unseen';

export interface ComparePage extends LoadPage {
  page: number;
  fields: boolean;
}

export interface CompareEnd {
  module: string;
  /** ISO: `created_time` of the export's first job. */
  before: string;
  /** Rows that the export had. */
  rows: number;
  /** An operator has seen how many are extra. */
  confirmed?: boolean;
}

export interface Compared extends Paid {
  /** Differences that nobody has looked at yet. */
  open: number;
  foreign: number;
  foreignSamples: string[];
  /** ISO, Zoho's clock: what was modified later was not there to be compared. */
  checkedAt: string;
}

export interface CheckPart {
  module: string;
  fields: boolean;
  after?: string;
  /** ISO: a difference in a record that was modified later may be an edit on its way. */
  settledUpTo: string;
  /** There is no waiting any more: also a row that Zoho does not have is believed to be extra. */
  last: boolean;
}

export interface Checked extends Paid {
  after?: string;
  /** Ids of this part that have to be looked at again. */
  open: number;
}

export interface RepairPart {
  module: string;
  fields: boolean;
  after?: string;
}

export interface RepairedPart extends Paid {
  counts: Counts;
  after?: string;
}

export interface ReconcileReport extends Differences {
  compared: number;
  rejected: number;
  repaired: number;
  pending: number;
  samples: Record<keyof Differences | 'rejected', string[]>;
}

const idsPerPart = 1_000;
const idsPerCall = 100;

export const createReconcileActivities = (deps: Deps, deletions: DeletionsByModule) => ({
  /** Keeps a page of the export beside the table: which ids it shows, and which rows are not as it shows them. */
  async comparePage(page: ComparePage): Promise<LoadedPage> {
    const signal = cancellationSignal();
    const plan = await deps.catalog.plan(page.module, { signal });
    const { mapping, table } = comparedBy(plan, page.fields);
    const runId = thisRun();
    return countingCredits(() =>
      readBatches(deps, { page, mapping, signal }, async (batch) => {
        const unreadable = batch.rejects.flatMap(({ id }) => (isRecordId(id) ? [id] : []));
        await deps.db.comparison.keep(table, {
          runId,
          first: page.page === 1 && batch.from === 0,
          observations: observationsOf(batch),
          unreadable,
          checkpoint: { jobId: page.jobId, from: batch.from, to: batch.to, complete: batch.last },
          signal,
        });
        return { ...noCounts(), read: batch.to - batch.from };
      }),
    );
  },

  /** The export is kept to its end: adds what it did not show. Refuses with TooManyUnseen when that is suspiciously much. */
  async compareEnd({ module, before, rows, confirmed }: CompareEnd): Promise<Compared> {
    const signal = cancellationSignal();
    const { zoho, db, catalog } = deps;
    const plan = await catalog.plan(module, { signal });
    const runId = thisRun();
    const checkedAt = toIsoMs(zoho.now());
    return countingCredits(async () => {
      const { foreign, foreignSamples, live } = await db.comparison.complete(plan.table, {
        runId,
        before: parseInstant(before),
      });
      const found = await db.comparison.findings(runId);
      if (!confirmed && isSuspicious({ count: found.open.extra, live, rows }))
        await expectFew({ zoho, db, plan, signal }, runId, { live, rows });
      const { open } = await db.comparison.findings(runId);
      return { open: open.missing + open.stale + open.extra, foreign, foreignSamples, checkedAt };
    });
  },

  /** Re-reads open differences: those that a re-read does not show are none; those that cannot be an edit on its way are real. */
  async checkDifferences({ module, fields, after, settledUpTo, last }: CheckPart): Promise<Checked> {
    const signal = cancellationSignal();
    const { zoho, db, catalog } = deps;
    const plan = await catalog.plan(module, { signal });
    const upTo = parseInstant(settledUpTo);
    return countingCredits(async () => {
      let open = 0;
      const part = await inCalls(db, { states: ['open'], after }, async (ids) => {
        const seen = await readWithRegisters(
          { zoho, db, plan, signal, deletions: deletions.of(module) },
          ids,
        );
        const all = await judge(db, comparedBy(plan, fields).table, seen);
        const judged = (await asRefused(db, module, { seen, judged: all })).filter(
          ({ id, kind, state }) => state !== 'real' || !mayBeOnItsWay(seen, { id, kind, upTo, last }),
        );
        await db.comparison.settle(thisRun(), judged);
        open += ids.length - judged.length;
      });
      return { ...part, open };
    });
  },

  /**
   * Writes what a fresh re-read shows of real differences, if the row still is as compared, even when its Modified_Time is the later.
   * Also tries again what the table could not take: perhaps it can by now, or the record is gone.
   */
  async repairDifferences({ module, fields, after }: RepairPart): Promise<RepairedPart> {
    const signal = cancellationSignal();
    const { zoho, db, catalog } = deps;
    const plan = await catalog.plan(module, { signal });
    return countingCredits(async () => {
      let counts = noCounts();
      const part = await inCalls(db, { states: ['real', 'rejected'], after }, async (ids) => {
        const seen = await readWithRegisters(
          { zoho, db, plan, signal, deletions: deletions.of(module) },
          ids,
        );
        const { observations, rejects } = seen;
        const merged = await db.merge(plan.table, {
          rows: { observations },
          rejects,
          fromExport: false,
          takeBack: takeBacks(seen),
          signal,
        });
        counts = addCounts(counts, merged.counts);
        const now = await judge(db, comparedBy(plan, fields).table, seen);
        const refused = await db.comparison.rejected(module, ids);
        const mended = now.filter(({ id, kind }) => kind === 'same' && !refused.has(id));
        await db.comparison.mend(
          thisRun(),
          mended.map(({ id }) => id),
        );
        await db.comparison.settle(
          thisRun(),
          [...refused.keys()].map((id): Judged => ({ id, kind: 'stale', state: 'rejected' })),
        );
      });
      return { ...part, counts };
    });
  },

  async reportDifferences(): Promise<ReconcileReport> {
    return reportOf(await deps.db.comparison.findings(thisRun()));
  },

  /** Drops what this run kept. */
  dropComparison: (): Promise<void> => deps.db.comparison.drop(thisRun()),
});

/** Id and Modified_Time are compared always; with `fields` every mapped field as well. */
function comparedBy({ mapping, table }: ModulePlan, fields: boolean): Pick<ModulePlan, 'mapping' | 'table'> {
  if (fields) return { mapping, table };
  return { mapping: { ...mapping, fields: [] }, table: { ...table, columns: [] } };
}

/** Converted leads may be in no export and are not deleted: those that a list still shows are no longer suspicious. */
async function expectFew(
  context: RereadContext,
  runId: string,
  size: { live: number; rows: number },
): Promise<void> {
  const { db } = context;
  let after: string | undefined;
  do {
    const part: { after?: string } = await inCalls(
      db,
      { states: ['open'], kind: 'extra', after },
      async (ids) => {
        const { observations } = await readWithRegisters(context, ids, { listOnly: true });
        // Still there: to be compared like any other record.
        const there = observations.map(({ id }): Judged => ({ id, kind: 'stale', state: 'open' }));
        await db.comparison.settle(runId, there);
      },
    );
    after = part.after;
  } while (after);
  const { open } = await db.comparison.findings(runId);
  await refuseSuspicious(context, { count: open.extra, ...size }, () =>
    db.comparison.ids(thisRun(), { states: ['open'], kind: 'extra', limit: idsPerPart }),
  );
}

/** Up to 1,000 ids of a kind, a call's worth at a time. `after` is where the next part begins. */
async function inCalls(
  db: Database,
  which: { states: readonly DifferenceState[]; kind?: DifferenceKind; after?: string | undefined },
  work: (ids: readonly RecordId[]) => Promise<void>,
): Promise<{ after?: string }> {
  const { states, kind, after } = which;
  const ids = await db.comparison.ids(thisRun(), {
    states,
    ...(kind ? { kind } : {}),
    ...(after ? { after: recordId(after) } : {}),
    limit: idsPerPart,
  });
  for (let at = 0; at < ids.length; at += idsPerCall) {
    await work(ids.slice(at, at + idsPerCall));
    tellProgress({ done: at + idsPerCall });
  }
  const last = ids.at(-1);
  return ids.length === idsPerPart && last ? { after: last } : {};
}

/** What a re-read shows, beside the rows as they are now. A record that cannot be typed is rejected, not different. */
async function judge(db: Database, table: TargetTable, { observations, rejects }: Seen): Promise<Judged[]> {
  const kinds = await db.comparison.judge(
    table,
    table.columns.length > 0
      ? observations
      : observations.map((seen) => (seen.kind === 'live' ? { ...seen, values: [] } : seen)),
  );
  return [
    ...[...kinds].map(([id, kind]): Judged => ({ id, kind, state: kind === 'same' ? 'open' : 'real' })),
    ...rejects.flatMap(({ id }): Judged[] =>
      isRecordId(id) ? [{ id, kind: 'stale', state: 'rejected' }] : [],
    ),
  ];
}

/** The table has refused just what Zoho shows: the row is as good as it can be. Refused long ago, it may go in by now. */
async function asRefused(
  db: Database,
  module: string,
  { seen, judged }: { seen: Seen; judged: readonly Judged[] },
): Promise<Judged[]> {
  const real = judged.filter(({ state }) => state === 'real').map(({ id }) => id);
  const refused = await db.comparison.rejected(module, real);
  const shown = new Map(seen.observations.map((one) => [one.id, one]));
  return judged.map((one) => {
    const now = shown.get(one.id);
    if (one.state !== 'real' || now?.kind !== 'live' || !refused.has(one.id)) return one;
    return (refused.get(one.id) ?? now.modifiedAt) === now.modifiedAt ? { ...one, state: 'rejected' } : one;
  });
}

/** A notification takes a moment, and a deletion has no Modified_Time to tell its age by. */
function mayBeOnItsWay(
  { observations }: Seen,
  { id, kind, upTo, last }: { id: RecordId; kind: DifferenceKind; upTo: Instant; last: boolean },
): boolean {
  if (kind === 'extra') return !last;
  const seen = observations.find((observation) => observation.id === id);
  return seen?.kind === 'live' && seen.modifiedAt > upTo;
}

const secondMs = 1_000;

/** Where the stored Modified_Time is later than what Zoho shows, the law alone would keep the row as it is. */
function takeBacks({ stored, observations }: Seen): TakeBack[] {
  return observations.flatMap((seen): TakeBack[] => {
    const { modifiedAt, observedAt } = stored.get(seen.id) ?? {};
    if (modifiedAt === undefined || observedAt === undefined) return [];
    const to =
      seen.kind === 'live' ? seen.modifiedAt : instant(Math.floor(seen.observedAt / secondMs) * secondMs);
    return modifiedAt > to ? [{ id: seen.id, stored: { modifiedAt, observedAt }, to }] : [];
  });
}

function reportOf({ compared, open, real, repaired, rejected, samples }: Findings): ReconcileReport {
  const found = (kind: keyof Differences): number => real[kind] + repaired[kind];
  const all = (of: Record<DifferenceKind, number>): number => of.missing + of.stale + of.extra;
  return {
    compared,
    missing: found('missing'),
    extra: found('extra'),
    stale: found('stale'),
    rejected,
    repaired: all(repaired),
    pending: all(open),
    samples,
  };
}
