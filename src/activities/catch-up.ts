// Everything that changed since an instant: which ids, and what became of them. Deletions have a list of their own.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
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
} from '../mirror';
import type { ChangedRecord } from '../zoho';
import type { ModulePlan } from './catalog';
import type { Deps } from './deps';
import { reread } from './records';

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

/** An edit within the same second as an earlier one shows the same Modified_Time: only a later read is proof. */
const secondMs = 1_000;
const maxDeletedPages = 500;

export const createCatchUpActivities = ({ zoho, db, catalog }: Deps) => ({
  /** Whether more than `count` records changed since then. */
  async hasMoreChanges(module: string, since: string, count: number): Promise<boolean> {
    return zoho.hasMoreChanged(module, parseInstant(since), count, cancellationSignal());
  },

  /** One COQL page of changed ids; those that the mirror does not hold as they are now are re-read and merged. */
  async readChanges({ module, since, until, after }: ChangesPart): Promise<ReadPart> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    const cursor = after && { modifiedAt: parseInstant(after.modifiedAt), id: recordId(after.id) };
    const page = await zoho.changedPage(
      module,
      { since: parseInstant(since), until: parseInstant(until), ...(cursor ? { after: cursor } : {}) },
      signal,
    );
    heartbeat({ changed: page.records.length });
    const ids = await notHeld(db, plan, page.records);
    const { counts } = await reread({ zoho, db, plan, signal }, ids);
    const last = page.records.at(-1);
    return {
      counts,
      ...(page.more && last ? { after: { modifiedAt: toIsoMs(last.modifiedAt), id: last.id } } : {}),
    };
  },

  /** The list of deletions since then, as tombstones. */
  async readDeletions(module: string, since: string): Promise<Counts> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    let counts = noCounts();
    for (let page = 1; page <= maxDeletedPages; page += 1) {
      const part = await zoho.deletedPage(module, parseInstant(since), page, signal);
      const observations = part.records.map(({ id, deletedAt }): Observation => ({
        kind: 'gone',
        id,
        observedAt: endOfSecond(deletedAt),
      }));
      if (observations.length > 0) {
        const merged = await db.merge(plan.table, { observations, rejects: [], fromExport: false, signal });
        counts = addCounts(counts, merged.counts);
      }
      heartbeat({ page });
      if (!part.more) break;
    }
    return counts;
  },
});

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
