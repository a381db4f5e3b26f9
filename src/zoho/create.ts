// Puts the Zoho client together. Holds no state of its own and reads no environment.
import type { Instant } from '../mirror/instant';
import { createApi, type Api } from './calls/api';
import { continueBulkJob, createBulkJob, readBulkJob } from './calls/bulk-read';
import { readChannel, sendChannel, stopChannel } from './calls/channels';
import { createClock } from './clock';
import { readChangedPage, readHasMoreChanged } from './calls/coql';
import { createBudget, type CreditLimits, type CreditStore } from './credits/budget';
import { credits } from './credits/prices';
import { readDeletedPage } from './calls/deleted';
import { openDownload } from './calls/download';
import { createHttp, type Observer } from './wire/http';
import { badAnswer } from './wire/json';
import { readFields, readModules } from './calls/metadata';
import { createTokens, type TokenStore } from './oauth/oauth';
import { inForeground } from './credits/priority';
import { readRecord, readRecords } from './calls/records';
import { noteSpent } from './credits/tally';
import type { Zoho } from './client';

/** One request that was sent, for metrics: no ids, no values. */
export interface ZohoCall {
  /** A fixed name, such as `bulk-read create`. */
  route: string;
  /** HTTP status; 0 when no answer came. */
  status: number;
  /** By Zoho's price list. */
  credits: number;
  ms: number;
}

export interface ZohoOptions {
  /** `https://www.zohoapis.eu`. The only host that gets an access token, whatever Zoho's answers say. */
  apiUrl: string;
  /** `https://accounts.zoho.eu` */
  accountsUrl: string;
  /** Default `v8`. */
  apiVersion?: string | undefined;
  clientId: string;
  clientSecret: string;
  refreshToken: string;
  /** Where all processes share one sealed access token. Without it every process fetches its own. */
  tokenStore?: TokenStore | undefined;
  /** Where all processes share what they have spent. Without it every process knows its own calls only. */
  creditStore?: CreditStore | undefined;
  /** Without them nothing is held back. */
  limits?: CreditLimits | undefined;
  /** For a whole answer, milliseconds; for a download, until its head. Default 15,000. */
  timeoutMs?: number | undefined;
  /** A download without a byte for this long fails, milliseconds. Default 15,000. */
  stallMs?: number | undefined;
  /** The local clock, milliseconds since the epoch. */
  clock?: (() => number) | undefined;
  onCall?: ((call: ZohoCall) => void) | undefined;
  userAgent?: string | undefined;
}

const defaultTimeoutMs = 15_000;

/** A client for one org and user. Every method throws `ZohoError` and nothing else. */
export function createZoho(options: ZohoOptions): Zoho {
  const clock = createClock(options.clock ?? Date.now);
  const budget = createBudget({
    clock,
    limits: options.limits,
    store: options.creditStore,
    ask: () => inForeground(async () => void (await askDate(api))),
  });
  const observe: Observer = (seen, status, ms, remaining) => {
    // The accounts server knows no credits.
    const paid = seen.credits === credits.token ? 0 : budget.spend(seen.credits, status, remaining);
    noteSpent(paid);
    options.onCall?.({ route: seen.route, status, credits: paid, ms });
  };
  const http = createHttp({
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    userAgent: options.userAgent ?? 'zoho-mirror',
    clock,
    observe,
  });
  const tokens = createTokens({ ...options, http, clock });
  const api = createApi({
    http,
    tokens,
    budget,
    clock,
    apiUrl: options.apiUrl,
    version: options.apiVersion ?? 'v8',
  });
  return {
    now: clock.now,
    ...reading(api),
    ...exporting(api, options.stallMs ?? defaultTimeoutMs),
    ...watching(api),
    credits: budget.state,
    async close() {
      await budget.save();
      await http.close();
    },
  };
}

type Reading =
  | 'receivedDate'
  | 'modules'
  | 'fields'
  | 'recordsByIds'
  | 'recordById'
  | 'deletedPage'
  | 'hasMoreChanged'
  | 'changedPage';

/** A `Date` of so long ago serves as well: a watermark may be a little early, never late. */
const lastDateMs = 5 * 60_000;

/** The cheapest question; its answer's head is what is wanted. */
async function askDate(api: Api, signal?: AbortSignal): Promise<Instant> {
  const route = 'date';
  const path = `/crm/${api.version}/settings/modules`;
  const { date } = await api.call({ route, method: 'GET', path, credits: credits.ordinary, signal });
  if (date === undefined) throw badAnswer(route, 'header.date');
  return date;
}

const reading = (api: Api): Pick<Zoho, Reading> => ({
  receivedDate: async (signal) => api.lastDate(lastDateMs) ?? (await askDate(api, signal)),
  modules: (signal) => readModules(api, signal),
  fields: (module, signal) => readFields(api, module, signal),
  recordsByIds: (module, ids, fields, signal) => readRecords(api, module, { ids, fields, signal }),
  recordById: (module, id, fields, signal) => readRecord(api, module, { id, fields, signal }),
  deletedPage: (module, since, page, signal) => readDeletedPage(api, module, { since, page, signal }),
  hasMoreChanged: (module, since, count, signal) => readHasMoreChanged(api, module, { since, count, signal }),
  changedPage: (module, range, signal) => readChangedPage(api, module, { ...range, signal }),
});

const exporting = (
  api: Api,
  stallMs: number,
): Pick<Zoho, 'createBulkJob' | 'continueBulkJob' | 'bulkJob' | 'download'> => ({
  createBulkJob: (request, signal) => createBulkJob(api, request, signal),
  continueBulkJob: (pageToken, callbackUrl, signal) =>
    continueBulkJob(api, pageToken, { callbackUrl, signal }),
  bulkJob: (jobId, signal) => readBulkJob(api, jobId, signal),
  download: (downloadPath, signal) => openDownload(api, downloadPath, { stallMs, signal }),
});

const watching = (api: Api): Pick<Zoho, 'subscribe' | 'updateChannel' | 'readChannel' | 'unsubscribe'> => ({
  subscribe: (request, signal) => sendChannel(api, 'POST', { request, signal }),
  updateChannel: (request, signal) => sendChannel(api, 'PATCH', { request, signal }),
  readChannel: (module, channelId, signal) => readChannel(api, module, { channelId, signal }),
  unsubscribe: (channelId, signal) => stopChannel(api, channelId, signal),
});
