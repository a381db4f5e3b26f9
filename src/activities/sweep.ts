// After a complete export: rows that it did not show are re-read by id, and what Zoho says is gone becomes gone.
import { cancellationSignal } from '@temporalio/activity';
import { noCounts, type Counts } from '../contracts';
import { parseInstant, recordId } from '../mirror';
import type { DeletionsByModule } from './deletions';
import type { Deps } from './deps';
import { tellProgress } from './heartbeat';
import { reread } from './reread';
import { refuseSuspicious } from './unseen';

export interface SweepPart {
  module: string;
  /** ISO: `created_time` of the export's first job. */
  before: string;
  /** Rows that the export had. */
  rows?: number;
  after?: string;
  /** An operator has seen how many there are. */
  confirmed?: boolean;
}

export interface SweptPart {
  counts: Counts;
  /** Where the next part begins; absent when there is none. */
  after?: string;
}

const idsPerPart = 1_000;

export const createSweepActivities = ({ zoho, db, catalog }: Deps, deletions: DeletionsByModule) => ({
  /** One part of the sweep. The first refuses with TooManyUnseen when suspiciously many rows are unseen. */
  async sweepUnseen({ module, before, rows, after, confirmed }: SweepPart): Promise<SweptPart> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    const olderThan = parseInstant(before);
    if (after === undefined && !confirmed)
      await refuseSuspicious(
        { zoho, plan, signal },
        {
          count: await db.countUnseen(plan.table, olderThan),
          live: (await db.count(plan.table)).live,
          rows,
        },
        () => db.unseen(plan.table, olderThan, undefined, idsPerPart),
      );
    const from = after === undefined ? undefined : recordId(after);
    const ids = await db.unseen(plan.table, olderThan, from, idsPerPart);
    tellProgress({ ids: ids.length });
    const { counts } =
      ids.length > 0
        ? await reread({ zoho, db, plan, signal, deletions: deletions.of(module) }, ids)
        : { counts: noCounts() };
    const last = ids.at(-1);
    return { counts, ...(ids.length === idsPerPart && last ? { after: last } : {}) };
  },
});
