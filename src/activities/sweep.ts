// After a complete export: rows that it did not show are re-read by id, and what Zoho says is gone becomes gone.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { noCounts, type Counts } from '../contracts';
import { parseInstant, recordId } from '../mirror';
import type { Deps } from './deps';
import { reread } from './records';

export interface Unseen {
  unseen: number;
  live: number;
}

export interface SweepPart {
  module: string;
  /** ISO: `created_time` of the export's first job. */
  before: string;
  after?: string;
}

export interface SweptPart {
  counts: Counts;
  /** Where the next part begins; absent when there is none. */
  after?: string;
}

const idsPerPart = 1_000;

export const createSweepActivities = ({ zoho, db, catalog }: Deps) => ({
  async countUnseen(module: string, before: string): Promise<Unseen> {
    const { table } = await catalog.plan(module, { signal: cancellationSignal() });
    const unseen = await db.countUnseen(table, parseInstant(before));
    return { unseen, live: (await db.count(table)).live };
  },

  async sweepUnseen({ module, before, after }: SweepPart): Promise<SweptPart> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    const from = after === undefined ? undefined : recordId(after);
    const ids = await db.unseen(plan.table, parseInstant(before), from, idsPerPart);
    heartbeat({ ids: ids.length });
    const { counts } =
      ids.length > 0 ? await reread({ zoho, db, plan, signal }, ids) : { counts: noCounts() };
    const last = ids.at(-1);
    return { counts, ...(ids.length === idsPerPart && last ? { after: last } : {}) };
  },
});
