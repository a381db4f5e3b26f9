// Bulk Read jobs: create, continue, look. Never repeats a create: Zoho has no idempotency key and no list of jobs. Source: zoho-api §1.
import { z } from 'zod';
import { moduleName, pathId, zohoTime, type Api } from './api';
import { credits } from '../credits/prices';
import { readAs, instantText, text, wholeNumber } from '../wire/json';
import type { BulkJob, BulkJobRequest, JobState } from '../client';

const createdShape = z.object({
  data: z.tuple([
    z.object({ details: z.object({ id: text, state: text.nullish(), created_time: instantText }) }),
  ]),
});

const jobShape = z.object({
  data: z.tuple([
    z.object({ id: text, state: text, created_time: instantText, result: z.unknown().optional() }),
  ]),
});

const resultShape = z.object({
  page: wholeNumber.nullish(),
  count: wholeNumber,
  download_url: text.nullish(),
  more_records: z.boolean(),
  next_page_token: text.nullish(),
});

const failureShape = z.object({
  error_message: z.object({ code: z.string().regex(/^[A-Z][A-Z0-9_]{1,79}$/) }),
});

/** The set of words is open: what is not known to be an end is still running. */
const states: Readonly<Record<string, JobState>> = {
  COMPLETED: 'completed',
  FAILURE: 'failed',
  FAILED: 'failed',
};

/**
 * Creates a job (50 credits). Not repeatable: after a timeout the job may exist unknown.
 * Throws refused FIELD_NOT_SUPPORTED / FIELD_NOT_AVAILABLE with `details.api_name`, MODULE_NOT_SUPPORTED, PAGE_RANGE_EXCEEDED.
 */
export async function createBulkJob(
  api: Api,
  request: BulkJobRequest,
  signal?: AbortSignal,
): Promise<BulkJob> {
  const { module, fields, modifiedSince, page, callbackUrl } = request;
  const query = {
    module: { api_name: moduleName(module) },
    fields,
    ...(modifiedSince === undefined
      ? {}
      : {
          criteria: {
            field: { api_name: 'Modified_Time' },
            comparator: 'greater_equal',
            value: zohoTime(modifiedSince),
          },
        }),
    page: page ?? 1,
  };
  return post(api, {
    route: 'bulk-read create',
    body: { ...callback(callbackUrl), query, file_type: 'csv' },
    signal,
  });
}

/**
 * Creates the job of a chain's next page (50 credits). Throws refused EXPIRED_VALUE for a token over 24 hours old and
 * TOKEN_BOUND_DATA_MISMATCH for one of another user.
 */
export function continueBulkJob(
  api: Api,
  pageToken: string,
  options: { callbackUrl?: string | undefined; signal?: AbortSignal | undefined },
): Promise<BulkJob> {
  const body = { ...callback(options.callbackUrl), query: { page_token: pageToken } };
  return post(api, { route: 'bulk-read continue', body, signal: options.signal });
}

const callback = (url: string | undefined) =>
  url === undefined ? {} : { callback: { url, method: 'post' } };

async function post(
  api: Api,
  options: { route: string; body: unknown; signal: AbortSignal | undefined },
): Promise<BulkJob> {
  const answer = await api.call({
    ...options,
    method: 'POST',
    path: `/crm/bulk/${api.version}/read`,
    credits: credits.bulkReadCreate,
  });
  const { details } = readAs(createdShape, answer.body, options.route).data[0];
  // A job is running until a status read says otherwise.
  return {
    id: details.id,
    state: 'running',
    stateText: details.state ?? 'ADDED',
    createdAt: details.created_time,
  };
}

/** The state of a job (1 credit). Throws refused RESOURCE_NOT_FOUND for a job that Zoho no longer has. */
export async function readBulkJob(api: Api, jobId: string, signal?: AbortSignal): Promise<BulkJob> {
  const route = 'bulk-read status';
  const path = `/crm/bulk/${api.version}/read/${pathId(jobId)}`;
  const answer = await api.call({ route, method: 'GET', path, credits: credits.ordinary, signal });
  const job = readAs(jobShape, answer.body, route).data[0];
  const state = states[job.state] ?? 'running';
  const known: BulkJob = {
    id: job.id,
    state,
    stateText: job.state,
    createdAt: job.created_time,
  };
  // Believe the state, not the presence of `result`: running jobs may show one.
  if (state === 'completed') return { ...known, result: resultOf(job.result, { route, path }) };
  if (state === 'failed') {
    const failure = failureShape.safeParse(job.result);
    return { ...known, failure: failure.success ? failure.data.error_message.code : 'UNKNOWN' };
  }
  return known;
}

function resultOf(body: unknown, from: { route: string; path: string }): NonNullable<BulkJob['result']> {
  const result = readAs(resultShape, body, from.route);
  return {
    count: result.count,
    moreRecords: result.more_records,
    ...(result.next_page_token ? { nextPageToken: result.next_page_token } : {}),
    page: result.page ?? 1,
    downloadPath: result.download_url ?? `${from.path}/result`,
  };
}
