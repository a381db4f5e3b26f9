// Export jobs at Zoho: creates the job of a page, and looks whether it is ready. Reads no row.
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { ExportJob, JobReport } from '../contracts';
import { exportedNames, modifiedTime, parseInstant, toIsoMs } from '../mirror';
import { callbackUrl } from '../webhook';
import { countingCredits, ZohoError } from '../zoho';
import { matchedPart } from './catalog';
import type { Deps } from './deps';
import { failure } from './failures';

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

export const createExportJobActivities = (deps: Deps) => ({
  /**
   * Creates the job of one page. Zoho has no idempotency key: a try whose answer was lost leaves an orphan job, which costs
   * credits and nothing else.
   */
  async createExport(request: CreateJob): Promise<ExportJob> {
    const { config, zoho } = deps;
    const signal = cancellationSignal();
    const callback = config.publicUrl
      ? callbackUrl(config.publicUrl, config.webhookSecret, activityInfo().workflowExecution!.workflowId)
      : undefined;
    try {
      return await countingCredits(async () => {
        const job = request.pageToken
          ? await zoho.continueBulkJob(request.pageToken, callback, signal)
          : await createFirst(deps, request, { callback, signal });
        return { jobId: job.id, page: request.page, createdAt: toIsoMs(job.createdAt) };
      });
    } catch (error) {
      throw asChainError(error, { byToken: request.pageToken !== undefined });
    }
  },

  /** Reads the job's state from Zoho. What a callback posted is never believed. */
  async readExport(jobId: string): Promise<JobReport> {
    return countingCredits(async () => {
      const job = await deps.zoho.bulkJob(jobId, cancellationSignal()).catch((error: unknown) => {
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
});

/** A complete load asks again for what Zoho has refused before: a right that was missing may be there by now. */
async function takeFieldsUp({ db, catalog }: Deps, module: string, signal: AbortSignal): Promise<void> {
  if ((await db.state(module)).droppedFields.length === 0) return;
  await db.takeFieldsUp(module);
  await catalog.plan(module, { fresh: true, signal });
}

const beginsCompleteLoad = ({ page, modifiedSince, idsOnly, matchOnly, dryRun }: CreateJob): boolean =>
  page === 1 && modifiedSince === undefined && !idsOnly && !matchOnly && !dryRun;

/** A field that Zoho refuses is dropped, remembered, and the job is created without it; nothing is without Modified_Time. */
async function createFirst(
  deps: Deps,
  request: CreateJob,
  { callback, signal }: { callback: string | undefined; signal: AbortSignal },
) {
  const { zoho, db, catalog } = deps;
  const { module, modifiedSince, page, idsOnly, matchOnly, dryRun } = request;
  if (beginsCompleteLoad(request)) await takeFieldsUp(deps, module, signal);
  const dropped = new Set([modifiedTime]);
  for (;;) {
    const plan = dryRun ? await catalog.draft(module, signal) : await catalog.plan(module, { signal });
    const part = matchOnly ? matchedPart(plan) : plan;
    try {
      return await zoho.createBulkJob(
        {
          module,
          fields: idsOnly ? [modifiedTime] : exportedNames(part.ask, part.mapping),
          page,
          ...(modifiedSince ? { modifiedSince: parseInstant(modifiedSince) } : {}),
          ...(callback ? { callbackUrl: callback } : {}),
        },
        signal,
      );
    } catch (error) {
      const refused = refusedField(error);
      if (!refused || !exportedNames(part.ask, part.mapping).includes(refused)) throw error;
      // Asked for all the same: without it there is no export.
      if (dropped.has(refused)) throw error;
      dropped.add(refused);
      await db.dropField(module, refused);
      // A draft is made anew each time, and makes no table.
      if (!dryRun) await catalog.plan(module, { fresh: true, signal });
    }
  }
}

const refusedField = (error: unknown): string | undefined =>
  error instanceof ZohoError && (error.code === 'FIELD_NOT_SUPPORTED' || error.code === 'FIELD_NOT_AVAILABLE')
    ? error.details.api_name
    : undefined;

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
