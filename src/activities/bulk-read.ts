// The way of a CSV row: create the export, look whether it is ready, load a page of it.
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { Readable } from 'node:stream';
import { addCounts, noCounts, type Counts, type ExportJob, type JobReport, type Paid } from '../contracts';
import type { MergeRequest } from '../db';
import { exportedNames, modifiedTime, parseInstant, toIsoMs, type Mapping } from '../mirror';
import { PageError, type PageBatch, type PagePlan } from '../pages';
import { callbackUrl } from '../webhook';
import { countingCredits, ZohoError } from '../zoho';
import { matchedPart, type Catalog } from './catalog';
import type { Deps } from './deps';
import { failure } from './failures';
import { tellProgress } from './heartbeat';
import { batchTook } from './metrics';
import { reread, type RereadContext } from './records';

export interface CreateJob {
  module: string;
  page: number;
  pageToken?: string;
  /** ISO; only records modified at or after it. */
  modifiedSince?: string;
  /** Only id and Modified_Time; else every mapped field. */
  idsOnly?: boolean;
  /** Only what old rows are matched by. */
  matchOnly?: boolean;
  /** Nothing is made ready for it. */
  dryRun?: boolean;
}

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

/** Rows a transaction: small enough to keep memory flat and locks short, large enough for set-based SQL. */
const rowsPerBatch = { sqlite: 2_000, mssql: 10_000 } as const;
const attemptsBeforeNewExport = 3;

export const createBulkReadActivities = (deps: Deps) => activitiesOf(deps, deps);

const activitiesOf = (deps: Deps, { config, zoho, db, catalog }: Deps) => ({
  /**
   * Creates the job of one page. Zoho has no idempotency key: a try whose answer was lost leaves an orphan job, which costs
   * credits and nothing else. A field that Zoho refuses is dropped, remembered, and the job is created without it.
   */
  async createExport(request: CreateJob): Promise<ExportJob> {
    const signal = cancellationSignal();
    const callback = config.publicUrl
      ? callbackUrl(config.publicUrl, config.webhookSecret, activityInfo().workflowExecution!.workflowId)
      : undefined;
    try {
      return await countingCredits(async () => {
        const job = request.pageToken
          ? await zoho.continueBulkJob(request.pageToken, callback, signal)
          : await createFirst(request, callback, signal);
        return { jobId: job.id, page: request.page, createdAt: toIsoMs(job.createdAt) };
      });
    } catch (error) {
      throw asChainError(error, { byToken: request.pageToken !== undefined });
    }

    async function createFirst(
      { module, modifiedSince, page, idsOnly, matchOnly, dryRun }: CreateJob,
      callbackTo: string | undefined,
      aborted: AbortSignal,
    ) {
      for (;;) {
        const plan = dryRun
          ? await catalog.draft(module, aborted)
          : await catalog.plan(module, { signal: aborted });
        const part = matchOnly ? matchedPart(plan) : plan;
        try {
          return await zoho.createBulkJob(
            {
              module,
              fields: idsOnly ? [modifiedTime] : exportedNames(part.ask, part.mapping),
              page,
              ...(modifiedSince ? { modifiedSince: parseInstant(modifiedSince) } : {}),
              ...(callbackTo ? { callbackUrl: callbackTo } : {}),
            },
            aborted,
          );
        } catch (error) {
          const refused = refusedField(error);
          if (!refused || !exportedNames(part.ask, part.mapping).includes(refused)) throw error;
          await dropField(db, catalog, module, refused, aborted);
        }
      }
    }
  },

  /** Reads the job's state from Zoho. What a callback posted is never believed. */
  async readExport(jobId: string): Promise<JobReport> {
    return countingCredits(async () => {
      const job = await zoho.bulkJob(jobId, cancellationSignal()).catch((error: unknown) => {
        throw asChainError(error, { byToken: false });
      });
      return {
        state: job.state,
        stateText: job.failure ?? job.stateText,
        ...(job.result
          ? {
              rows: job.result.count,
              downloadPath: job.result.downloadPath,
              moreRecords: job.result.moreRecords,
              ...(job.result.nextPageToken ? { nextPageToken: job.result.nextPageToken } : {}),
            }
          : {}),
      };
    });
  },

  /** Download → unzip → parse → type → stage → merge → checkpoint, batch by batch, behind what an earlier attempt committed. */
  async loadPage(page: LoadPage): Promise<LoadedPage> {
    const signal = cancellationSignal();
    const plan = await catalog.plan(page.module, { signal });
    const preparation = await db.preparation(plan.table);
    return readBatches(deps, { page, mapping: plan.mapping, preparation, signal }, (batch) =>
      mergeBatch({ zoho, db, plan, signal }, mergeOf(page, batch)),
    );
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
      batchRows: config.loading.batchRows ?? rowsPerBatch[db.dialect],
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

const refusedField = (error: unknown): string | undefined =>
  error instanceof ZohoError && (error.code === 'FIELD_NOT_SUPPORTED' || error.code === 'FIELD_NOT_AVAILABLE')
    ? error.details.api_name
    : undefined;

async function dropField(
  db: Deps['db'],
  catalog: Catalog,
  module: string,
  field: string,
  signal: AbortSignal,
): Promise<void> {
  await db.dropField(module, field);
  await catalog.plan(module, { fresh: true, signal });
}

/** What breaks a chain of pages starts it again; what loses one page's file exports that page again. */
function asChainError(error: unknown, { byToken }: { byToken: boolean }): unknown {
  if (!(error instanceof ZohoError) || error.verdict !== 'refused') return error;
  if (byToken && ['EXPIRED_VALUE', 'INVALID_DATA', 'TOKEN_BOUND_DATA_MISMATCH'].includes(error.code))
    return failure('ChainExpired', `Zoho no longer takes the page token (${error.code})`);
  if (error.code === 'MODULE_NOT_SUPPORTED' || error.code === 'MODULE_NOT_AVAILABLE')
    return failure('InvalidInput', `Zoho exports no records of this module (${error.code})`);
  if (error.code === 'RESOURCE_NOT_FOUND')
    return failure('ExportGone', 'Zoho no longer knows the export job');
  return error;
}

function asPageError(error: unknown): unknown {
  if (error instanceof ZohoError && error.verdict === 'refused')
    return failure('ExportGone', `Zoho no longer has the file of the export (${error.code})`);
  if (!(error instanceof PageError)) return error;
  if (error.code === 'COLUMNS') return failure('ChainExpired', error.message);
  // The same file again and again is broken at Zoho's end: only a new export can help.
  if (activityInfo().attempt >= attemptsBeforeNewExport) return failure('ExportGone', error.message);
  return error;
}
