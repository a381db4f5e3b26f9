// A page of an export into its table, batch by batch. Everything else that reads a page does so by its `readBatches`.
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { Readable } from 'node:stream';
import { addCounts, noCounts, type Counts, type Paid } from '../contracts';
import type { MergeRequest } from '../db';
import { parseInstant, type Mapping } from '../mirror';
import { PageError, type PageBatch, type PagePlan } from '../pages';
import { ZohoError } from '../zoho';
import { happened } from './counts';
import type { Deps } from './deps';
import { failure } from './failures';
import { tellProgress } from './heartbeat';
import { batchTook } from './metrics';
import { reread, type RereadContext } from './reread';

export interface LoadPage {
  module: string;
  jobId: string;
  downloadPath: string;
  rows: number;
  /** ISO: `created_time` of the chain's first job. */
  observedAt: string;
}

export interface LoadedPage extends Paid {
  rows: number;
  counts: Counts;
  /** Rows that an earlier attempt had committed. */
  resumedAtRow: number;
}

const attemptsBeforeNewExport = 3;

export const createLoadPageActivities = (deps: Deps) => ({
  /** Download → unzip → parse → type → stage → merge → checkpoint, batch by batch, behind what an earlier attempt committed. */
  async loadPage(page: LoadPage): Promise<LoadedPage> {
    const { zoho, db, catalog } = deps;
    const signal = cancellationSignal();
    const plan = await catalog.plan(page.module, { signal });
    const preparation = await db.preparation(plan.table);
    const began = performance.now();
    const loaded = await readBatches(deps, { page, mapping: plan.mapping, preparation, signal }, (batch) =>
      mergeBatch({ zoho, db, plan, signal }, mergeOf(page, batch)),
    );
    const { resumedAtRow, counts } = loaded;
    log.info('page loaded', {
      jobId: page.jobId,
      rows: happened(counts),
      seconds: Math.round((performance.now() - began) / 1_000),
      ...(resumedAtRow > 0 ? { resumedAtRow } : {}),
    });
    return loaded;
  },
});

/** The batches of a page in order, behind what an earlier attempt committed. `work` moves the checkpoint in its own transaction. */
export async function readBatches(
  { config, zoho, db, readPage }: Deps,
  {
    page,
    mapping,
    preparation,
    signal,
  }: { page: LoadPage; mapping: Mapping; preparation?: PagePlan['preparation']; signal: AbortSignal },
  work: (batch: PageBatch) => Promise<Counts>,
): Promise<LoadedPage> {
  const done = await db.checkpoint(page.jobId);
  let counts = done?.counts ?? noCounts();
  const resumedAtRow = done?.rowsDone ?? 0;
  if (done?.complete) return { rows: page.rows, counts, resumedAtRow };
  try {
    const zip = await zoho.download(page.downloadPath, signal);
    const batches = readPage(zip as Readable, {
      mapping,
      observedAt: parseInstant(page.observedAt),
      expectedRows: page.rows,
      skipRows: resumedAtRow,
      batchRows: config.loading.batchRows ?? db.rowsPerBatch,
      ...(preparation === undefined ? {} : { preparation }),
    });
    let waitingSince = performance.now();
    for await (const batch of batches) {
      signal.throwIfAborted();
      counts = addCounts(counts, await work(batch));
      tellProgress({ rowsDone: batch.to });
      batchTook(page.module, performance.now() - waitingSince);
      waitingSince = performance.now();
    }
  } catch (error) {
    throw asPageError(error);
  }
  return { rows: page.rows, counts, resumedAtRow };
}

/**
 * An export may lag, so its rows revive nobody by themselves. Such records are re-read from Zoho before the batch commits:
 * then it is either live by a newer observation or gone by one, and the batch is merged again.
 */
async function mergeBatch(context: RereadContext, request: MergeRequest): Promise<Counts> {
  const { db, plan, signal } = context;
  const first = await db.merge(plan.table, { ...request, heldBack: 'rollback', signal });
  if (first.committed) return first.counts;
  await reread(context, first.heldBack);
  return (await db.merge(plan.table, { ...request, signal })).counts;
}

const mergeOf = (page: LoadPage, batch: PageBatch): MergeRequest => ({
  rows: batch.rows,
  rejects: batch.rejects,
  fromExport: true,
  checkpoint: { jobId: page.jobId, from: batch.from, to: batch.to, complete: batch.last },
});

function asPageError(error: unknown): unknown {
  if (error instanceof ZohoError && error.verdict === 'refused')
    return failure('ExportGone', `Zoho no longer has the file of the export (${error.code})`);
  if (!(error instanceof PageError)) return error;
  if (error.code === 'COLUMNS') return failure('ChainExpired', error.message);
  // The same file again and again is broken at Zoho's end: only a new export can help.
  if (activityInfo().attempt >= attemptsBeforeNewExport) return failure('ExportGone', error.message);
  return error;
}
