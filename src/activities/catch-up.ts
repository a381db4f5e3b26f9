// Everything that changed since an instant: which ids, and what became of them. Deletions have a list of their own.
import { cancellationSignal } from '@temporalio/activity';
import { addCounts, noCounts, type Counts, type ReadPosition } from '../contracts';
import type { Database } from '../db';
import {
  instant,
  parseInstant,
  recordId,
  toIsoMs,
  type Instant,
  type Observation,
  type RecordId,
  type Registers,
} from '../mirror';
import { callsPerRead, type ChangedRecord } from '../zoho';
import type { ModulePlan } from './catalog';
import type { Deps } from './deps';
import { tellProgress } from './heartbeat';
import { reread } from './reread';

export interface Survey {
  /** ISO: Zoho's clock before anything was read. A watermark is made of nothing else. */
  started: string;
  many: boolean;
  /** There were so few changes that they are merged already. */
  counts?: Counts;
}

export interface ChangesPart {
  module: string;
  /** ISO. */
  since: string;
  until: string;
  after?: ReadPosition;
}

export interface ReadPart {
  counts: Counts;
  after?: ReadPosition;
}

export interface DeletionsPart {
  module: string;
  /** ISO. */
  since: string;
  page: number;
}

export interface ReadDeletions {
  counts: Counts;
  /** Absent: the list is at its end. */
  nextPage?: number;
  /** The list has more than one page. */
  several?: boolean;
}

/** An edit within the same second as an earlier one shows the same Modified_Time: only a later read is proof. */
const secondMs = 1_000;
const deletedPagesAtOnce = 50;

export const createCatchUpActivities = ({ zoho, db, catalog }: Deps) => {
  async function mergeChanged(
    module: string,
    changed: readonly ChangedRecord[],
    signal: AbortSignal,
  ): Promise<Counts> {
    tellProgress({ changed: changed.length });
    const plan = await catalog.plan(module, { signal });
    const { counts } = await reread({ zoho, db, plan, signal }, await notHeld(db, plan, changed));
    return counts;
  }

  /** The more calls a record takes, the sooner an export is the cheaper way. */
  async function worth(module: string, count: number): Promise<number> {
    const { ask } = await catalog.plan(module, { signal: cancellationSignal() });
    return Math.floor(count / callsPerRead(ask));
  }

  return {
    /**
     * Zoho's clock, and whether more than `count` records changed since then: fewer where a record takes several calls to read. The first
     * 200 changes cost a credit to list, as would the bare question how many there are; on a quiet day they are all, and nothing has to be
     * asked twice.
     */
    async surveyChanges(module: string, since: string, count: number): Promise<Survey> {
      const signal = cancellationSignal();
      const from = parseInstant(since);
      const before = await zoho.receivedDate(signal);
      const few = await zoho.changedPage(module, { since: from, limit: 200 }, signal);
      if (!few.more && few.records.length <= count) {
        const counts = await mergeChanged(module, few.records, signal);
        return { started: toIsoMs(before), many: false, counts };
      }
      const many = !few.more || (await zoho.hasMoreChanged(module, from, await worth(module, count), signal));
      // What follows is read up to this second, which is no earlier than whatever made somebody ask.
      return { started: toIsoMs(await zoho.receivedDate(signal)), many };
    },

    /**
     * One COQL page of ids changed up to and with the second `until`; those that the mirror does not hold as they are now are re-read and
     * merged.
     */
    async readChanges({ module, since, until, after }: ChangesPart): Promise<ReadPart> {
      const signal = cancellationSignal();
      const cursor = after && { modifiedAt: parseInstant(after.modifiedAt), id: recordId(after.id) };
      const page = await zoho.changedPage(
        module,
        { since: parseInstant(since), until: nextSecond(until), ...(cursor ? { after: cursor } : {}) },
        signal,
      );
      const last = page.records.at(-1);
      return {
        counts: await mergeChanged(module, page.records, signal),
        ...(page.more && last ? { after: { modifiedAt: toIsoMs(last.modifiedAt), id: last.id } } : {}),
      };
    },

    /** The list of deletions since then, as tombstones: some pages of it. `page` is 1-based. */
    async readDeletions({ module, since, page: first }: DeletionsPart): Promise<ReadDeletions> {
      const signal = cancellationSignal();
      const plan = await catalog.plan(module, { signal });
      let counts = noCounts();
      for (let page = first; page < first + deletedPagesAtOnce; page += 1) {
        const part = await zoho.deletedPage(module, parseInstant(since), page, signal);
        const stored = await db.registers(
          plan.table,
          part.records.map(({ id }) => id),
        );
        const observations = part.records.map(({ id, deletedAt }): Observation => ({
          kind: 'gone',
          id,
          observedAt: endOfSecond(deletedAt),
        }));
        const merged = await db.merge(plan.table, {
          rows: { observations },
          rejects: [],
          fromExport: false,
          signal,
        });
        // Seen live after it was deleted: restored, or shown by an export that lagged. Zoho decides.
        const doubtful = part.records.filter(({ id, deletedAt }) =>
          liveAfter(stored.get(id), endOfSecond(deletedAt)),
        );
        const asked = await reread(
          { zoho, db, plan, signal },
          doubtful.map(({ id }) => id),
        );
        counts = addCounts(counts, addCounts(merged.counts, asked.counts));
        tellProgress({ page });
        if (!part.more) return { counts, ...(page > 1 ? { several: true } : {}) };
      }
      return { counts, several: true, nextPage: first + deletedPagesAtOnce };
    },
  };
};

const liveAfter = (stored: Registers | undefined, deletedAt: Instant): boolean => {
  const seen = Math.max(stored?.modifiedAt ?? 0, stored?.observedAt ?? 0);
  return seen > deletedAt && seen > (stored?.goneAt ?? 0);
};

/** Zoho's clock shows whole seconds too: a change of the very second that it shows may be what somebody waits for. */
const nextSecond = (shown: string): Instant => instant(parseInstant(shown) + secondMs);

/** `deleted_time` has whole seconds: a read within that second may still have shown the record. */
const endOfSecond = (at: Instant): Instant => instant(Math.floor(at / secondMs) * secondMs + secondMs - 1);

/** Catch-up overlaps its watermark, so most of what it lists is usually held already: those ids cost no read. */
async function notHeld(
  db: Database,
  plan: ModulePlan,
  changed: readonly ChangedRecord[],
): Promise<RecordId[]> {
  const stored = await db.registers(
    plan.table,
    changed.map(({ id }) => id),
  );
  return changed
    .filter(({ id, modifiedAt }) => {
      const held = stored.get(id);
      const gone = held?.goneAt !== undefined;
      const readLater = (held?.observedAt ?? 0) >= modifiedAt + secondMs;
      return gone || held?.modifiedAt !== modifiedAt || !readLater;
    })
    .map(({ id }) => id);
}
