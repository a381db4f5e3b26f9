// What the rest of the house may ask of Zoho CRM. Every answer is checked against a schema; ids and numbers stay text.
// Knows no SQL and no Temporal.
import type { CreditState } from './credits/budget';
import type { Field, JsonValue } from '../mirror/field';
import type { Instant } from '../mirror/instant';
import type { RecordId } from '../mirror/record-id';

export type { JsonValue };

export interface ZohoModule {
  apiName: string;
  apiSupported: boolean;
}

export type JobState = 'running' | 'completed' | 'failed';

export interface BulkJob {
  id: string;
  state: JobState;
  /** The word that Zoho used, for people. */
  stateText: string;
  /** Zoho's `created_time`: the export is never older than this. */
  createdAt: Instant;
  /** With `completed`. */
  result?: {
    /** Rows of this page. */
    count: number;
    moreRecords: boolean;
    nextPageToken?: string;
    page: number;
    downloadPath: string;
  };
  /** With `failed`: Zoho's code. */
  failure?: string;
}

/** `modifiedSince`: Modified_Time at or after, whole seconds. */
export interface BulkJobRequest {
  module: string;
  fields: readonly string[];
  modifiedSince?: Instant;
  page?: number;
  callbackUrl?: string;
}

/** A record as Zoho's JSON gives it; numbers are their exact source text. */
export interface ZohoRecord {
  id: RecordId;
  modifiedAt?: Instant;
  fields: Readonly<Record<string, JsonValue>>;
}

export interface AskedRecord extends ZohoRecord {
  /** Zoho's clock when the first request for it was sent. */
  askedAt: Instant;
}

export interface RecordsAnswer {
  /** Zoho's clock when the first request of all was sent. */
  askedAt: Instant;
  records: AskedRecord[];
  /** Ids that were not returned, and when they were asked for. */
  absent: ReadonlyMap<RecordId, Instant>;
}

export interface Channel {
  channelId: string;
  expiresAt: Instant;
  notifyUrl?: string;
  events: string[];
}

export interface ChannelRequest {
  channelId: string;
  module: string;
  notifyUrl: string;
  token: string;
  /** Asked for; the answer's is what counts. */
  expiresAt: Instant;
}

export interface DeletedRecord {
  id: RecordId;
  deletedAt: Instant;
}

export interface ChangedRecord {
  id: RecordId;
  modifiedAt: Instant;
}

/** Where a COQL keyset walk goes on: after this (Modified_Time, id). */
export interface ChangeCursor {
  modifiedAt: Instant;
  id: RecordId;
}

export interface Zoho {
  /** Zoho's clock now: the local clock plus the largest offset seen lately. */
  now(): Instant;
  /** A `Date` that has arrived with an answer, lately or now: what watermarks and T0 are made of. At most 1 credit. */
  receivedDate(signal?: AbortSignal): Promise<Instant>;

  modules(signal?: AbortSignal): Promise<ZohoModule[]>;
  fields(module: string, signal?: AbortSignal): Promise<Field[]>;

  createBulkJob(request: BulkJobRequest, signal?: AbortSignal): Promise<BulkJob>;
  /** The next page of a chain: the body holds the token and nothing else (plus the callback). */
  continueBulkJob(pageToken: string, callbackUrl: string | undefined, signal?: AbortSignal): Promise<BulkJob>;
  bulkJob(jobId: string, signal?: AbortSignal): Promise<BulkJob>;
  /** The zip as it arrives. The stream fails when it stalls or ends short of its Content-Length. */
  download(downloadPath: string, signal?: AbortSignal): Promise<NodeJS.ReadableStream>;

  /** POST; answers the expiry that Zoho returned. */
  subscribe(request: ChannelRequest, signal?: AbortSignal): Promise<Channel>;
  /** PATCH; throws a `ZohoError` with code NOT_SUBSCRIBED when the channel is gone. */
  updateChannel(request: ChannelRequest, signal?: AbortSignal): Promise<Channel>;
  readChannel(module: string, channelId: string, signal?: AbortSignal): Promise<Channel | undefined>;
  unsubscribe(channelId: string, signal?: AbortSignal): Promise<void>;

  /**
   * Up to 500 ids, a hundred a call, converted leads included. More than 50 fields are read in several calls and joined only where all calls show the
   * same Modified_Time (else read again). Rich text that was cut is fetched whole, between two reads that agree.
   * Ids that Zoho did not return are absent: that alone does not mean deleted.
   */
  recordsByIds(
    module: string,
    ids: readonly RecordId[],
    fields: readonly Field[],
    signal?: AbortSignal,
  ): Promise<RecordsAnswer>;
  /** One record by a single-record read, rich text whole; `record` undefined means that Zoho has no such record (204/404 for the record). */
  recordById(
    module: string,
    id: RecordId,
    fields: readonly Field[],
    signal?: AbortSignal,
  ): Promise<{ askedAt: Instant; record?: ZohoRecord }>;

  /** `/deleted` since an instant, page by page (1-based), at most 200 a page. */
  deletedPage(
    module: string,
    since: Instant,
    page: number,
    signal?: AbortSignal,
  ): Promise<{ askedAt: Instant; records: DeletedRecord[]; more: boolean }>;

  /** Whether more than `count` records have Modified_Time at or after `since`: one COQL row, 1 credit. COQL has no documented COUNT. */
  hasMoreChanged(module: string, since: Instant, count: number, signal?: AbortSignal): Promise<boolean>;
  /**
   * Ids of records with `since` ≤ Modified_Time < `until`, in (Modified_Time, id) order, after the cursor. At most `limit`: 200 for
   * 1 credit, or 2,000, the default, for 3.
   */
  changedPage(
    module: string,
    range: { since: Instant; until?: Instant; after?: ChangeCursor; limit?: 200 | 2_000 },
    signal?: AbortSignal,
  ): Promise<{ records: ChangedRecord[]; more: boolean }>;

  /** What calls have cost by Zoho's price list, and what Zoho last said remains. */
  credits(): CreditState;
  /** Lets the other processes know what was spent. */
  close(): Promise<void>;
}
