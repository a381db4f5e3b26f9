// After a complete export: rows that it did not show are re-read by id, and what Zoho says is gone becomes gone.
import { cancellationSignal } from '@temporalio/activity';
import { noCounts, type Counts } from '../contracts';
import type { Database } from '../db';
import { parseInstant, recordId, type Instant } from '../mirror';
import type { ModulePlan } from './catalog';
import type { Deps } from './deps';
import { failure } from './failures';
import { tellProgress } from './heartbeat';
import { reread } from './records';

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
const alwaysAllowed = 1_000;
const allowedShare = 0.1;

export const createSweepActivities = ({ zoho, db, catalog }: Deps) => ({
  /** One part of the sweep. The first refuses with TooManyUnseen when suspiciously many rows are unseen. */
  async sweepUnseen({ module, before, rows, after, confirmed }: SweepPart): Promise<SweptPart> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(module, { signal });
    const olderThan = parseInstant(before);
    if (after === undefined && !confirmed) await expectFew(db, plan, { before: olderThan, rows });
    const from = after === undefined ? undefined : recordId(after);
    const ids = await db.unseen(plan.table, olderThan, from, idsPerPart);
    tellProgress({ ids: ids.length });
    const { counts } =
      ids.length > 0 ? await reread({ zoho, db, plan, signal }, ids) : { counts: noCounts() };
    const last = ids.at(-1);
    return { counts, ...(ids.length === idsPerPart && last ? { after: last } : {}) };
  },
});

/** An export by a user who lost the right to see records looks just like records being gone; one of none at all is never believed. */
async function expectFew(
  db: Database,
  { module, table }: ModulePlan,
  { before, rows }: { before: Instant; rows: number | undefined },
): Promise<void> {
  const unseen = await db.countUnseen(table, before);
  if (unseen === 0 || (unseen <= alwaysAllowed && rows !== 0)) return;
  const { live } = await db.count(table);
  if (unseen <= live * allowedShare && rows !== 0) return;
  throw failure(
    'TooManyUnseen',
    `The export of ${module} did not show ${unseen} of ${live} live rows. See whether the Zoho user may still see all records, then resume`,
  );
}
