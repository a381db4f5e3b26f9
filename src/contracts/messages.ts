// What travels in workflow inputs, signals, queries and results: plain JSON only, never a record's contents.

/** `exporting` … `done`: what a workflow is busy with right now. */
export type Phase =
  | 'starting'
  | 'subscribing'
  | 'exporting'
  | 'loading'
  | 'sweeping'
  | 'catching-up'
  | 'gathering'
  | 'reading'
  | 'matching'
  | 'comparing'
  | 'checking'
  | 'asking'
  | 'repairing'
  | 'renewing'
  | 'waiting'
  | 'paused'
  | 'done';

export type Health = 'ok' | 'degraded';

/** What a merge did with the rows that it saw. A rejected row is counted in `rejected` alone. */
export interface Counts {
  read: number;
  inserted: number;
  updated: number;
  unchanged: number;
  stale: number;
  deleted: number;
  rejected: number;
}

export const noCounts = (): Counts => ({
  read: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  stale: 0,
  deleted: 0,
  rejected: 0,
});

export const addCounts = (a: Counts, b: Counts): Counts => ({
  read: a.read + b.read,
  inserted: a.inserted + b.inserted,
  updated: a.updated + b.updated,
  unchanged: a.unchanged + b.unchanged,
  stale: a.stale + b.stale,
  deleted: a.deleted + b.deleted,
  rejected: a.rejected + b.rejected,
});

/** The part that every status has. */
export interface Status {
  module: string;
  phase: Phase;
  health: Health;
  /** An operator wants it to stop before its next step; the phase says whether it has. */
  paused?: true;
  /** What went wrong last, in words for a person; absent when nothing did. */
  lastError?: string;
  /** Its type, a key of `errorTypes`. */
  lastErrorType?: string;
  /** What it waits for by itself, in words for a person: API credits. */
  waiting?: string;
  /** An outage that needs nobody: what is being retried, how often, and why. Absent as soon as it works. */
  retrying?: string;
}

/** What of a status the run after a continue-as-new must still know. */
export interface CarriedStatus {
  paused?: true;
  lastError?: string;
  lastErrorType?: string;
}

/** An activity that has failed that often and is tried again. */
export interface Retrying {
  activity: string;
  attempts: number;
  reason: string;
}

/** What a workflow needs to know of the configuration, as plain JSON. Milliseconds. */
export interface ModuleSettings {
  module: string;
  /** No inbound address: no channel, catch-up every two minutes. */
  polling: boolean;
  /** The namespace knows the mirror's search attributes. */
  searchAttributes: boolean;
  renewEveryMs: number;
  pollFirstMs: number;
  pollMaxMs: number;
  notificationWindowMs: number;
  /** Of the mapping that rows are made by from now on. */
  fingerprint: string;
  /** Fields of the module that are not mirrored, and why. */
  skipped: { field: string; reason: string }[];
  /** In words: the same, and columns that are narrower than their field. */
  remarks?: string[];
  /** Old rows of the table are to be matched with records before anything is loaded. */
  match?: true;
}

/** What a step's calls cost at Zoho, by its price list; attempts that failed are not in it. */
export interface Paid {
  credits?: number;
}

/** One Bulk Read job on its way. */
export interface ExportJob extends Paid {
  jobId: string;
  page: number;
  /** ISO instant: Zoho's `created_time` of this job. */
  createdAt: string;
}

export interface JobReport extends Paid {
  state: 'running' | 'completed' | 'failed';
  stateText: string;
  rows?: number;
  downloadPath?: string;
  moreRecords?: boolean;
  nextPageToken?: string;
}

export interface InitialSyncInput {
  module: string;
}

/** Of the workflows that load: InitialSync and CatchUpSync. */
export interface LoadStatus extends Status {
  counts: Counts;
  pages: number;
  /** The page that was last loaded or is loading. */
  page?: { number: number; rows: number };
  /** Of the page that was last loaded. */
  rowsPerSecond?: number;
  /** ISO instant by Zoho's clock: everything that changed later is another run's job. */
  t0?: string;
  /** ISO instant from which changes are read. */
  since?: string;
  /** How changes are read: id by id after a COQL query, or as one export. */
  route?: 'coql' | 'bulk-read';
  watermark?: string;
  /** What a person may want to know about the table: fields that are not mirrored, columns that are narrower than their field. */
  remarks?: string[];
}

export interface DryRunInput {
  module: string;
}

/** What a load would do to the table as it is, in counts. */
export interface Previewed {
  inserted: number;
  updated: number;
  unchanged: number;
  /** Rows that are there and would become the mirror's: by their id, or by `match`. */
  adopted: number;
  /** Of these, those that `match` finds. */
  matched: number;
  /** Records for which `match` finds more than one row, or that share theirs: the old rows stay as they are. */
  ambiguous: number;
  rejected: number;
  /** Column → how many records it cannot take; `''` where it is not known which. */
  rejectedBy: Record<string, number>;
  /** Rows that are not the mirror's and stay so. */
  foreign: number;
  /** Live rows of the mirror that the export does not show: a load re-reads them. */
  unseen: number;
  /** Up to 20 ids of each kind. */
  samples: Record<'foreign' | 'rejected' | 'ambiguous', string[]>;
}

/** Nothing is written into the table. */
export interface DryRunStatus extends LoadStatus, Previewed {
  table?: string;
  /** False while something about the table is in the way of a load. */
  ready?: boolean;
  /** What is to be said about the table, and what would be run to mend it. */
  findings?: { text: string; statements: readonly string[]; blocks: boolean }[];
  credits: number;
}

export interface ReconcileInput {
  module: string;
  /** Writes what differs; without it Reconcile only reports. */
  repair?: boolean;
  /** Compares every mapped field, not only Modified_Time. */
  fields?: boolean;
}

/** How many ids differ, and in what way. */
export interface Differences {
  /** Zoho has the record; the table has no live row of the mirror. */
  missing: number;
  /** The table has a live row; Zoho says that the record is gone. */
  extra: number;
  /** Both have it, but not the same. */
  stale: number;
}

export interface ReconcileStatus extends LoadStatus, Differences {
  repair: boolean;
  fields: boolean;
  /** Ids of either side. */
  compared: number;
  /** Rows that the mirror never wrote and Zoho does not show. */
  foreign: number;
  /** Records that the table cannot take. */
  rejected: number;
  repaired: number;
  /** Records that changed while they were looked at: newer edits on their way. */
  pending: number;
  /** Up to 20 ids of each kind. */
  samples: Record<keyof Differences | 'foreign' | 'rejected', string[]>;
  credits: number;
  seconds: number;
}

/** What the last renewal has left. */
export interface KnownChannel {
  channelId?: string;
  /** ISO instant. */
  expiresAt?: string;
  /** It lives, but nothing has come by it for too long. */
  doubted?: true;
}

export interface ChannelRenewalInput {
  module: string;
  /** Carried over from the run before (continue-as-new). */
  carried?: CarriedStatus & {
    renewals: number;
    channelId?: string;
    expiresAt?: string;
    nextRenewalAt?: string;
    verifiedAt?: string;
    doubtedAt?: string;
    notNotified?: string;
    /** The channel had lapsed and the catch-up for it could not be asked for yet. */
    gap?: true;
    /** Changes come by catch-up only, and it has not been subscribed anew since. */
    doubted?: true;
  };
}

export interface ChannelStatus extends Status {
  channelId?: string;
  /** ISO instants. */
  expiresAt?: string;
  nextRenewalAt?: string;
  /** When Zoho last showed the channel, by Zoho's clock. */
  verifiedAt?: string;
  /** When it was last subscribed anew because changes came by catch-up only. */
  doubtedAt?: string;
  /** Zoho does not notify the module at all, in words for a person. */
  notNotified?: string | undefined;
  renewals: number;
}

export type HintOperation = 'insert' | 'update' | 'delete' | 'unknown';

/** Ids that Zoho says have changed. At most 500 ids a signal. */
export interface Hint {
  ids: string[];
  operation: HintOperation;
  /** ISO instant of arrival, local clock. */
  receivedAt: string;
  /** How many notifications it stands for; default: one. */
  notifications?: number;
}

/** An id that is waiting to be re-read. */
export interface PendingId {
  id: string;
  /** Hinted as insert or update, so absence may only mean "not readable yet". */
  expected: boolean;
  tries: number;
  /** Milliseconds since the epoch; absent: at once. */
  dueMs?: number;
}

export interface NotificationSyncInput {
  module: string;
  carried?: CarriedStatus & {
    pending: PendingId[];
    counts: Counts;
    hints: number;
    lastHintAt?: string;
    floodedSince?: string;
  };
}

export interface NotificationSyncStatus extends Status {
  counts: Counts;
  hints: number;
  pending: number;
  /** ISO instant of arrival. */
  lastHintAt?: string;
}

export interface CatchUpRequest {
  /** ISO instant; default: the watermark. */
  since?: string;
}

export interface CatchUpInput extends CatchUpRequest {
  module: string;
  /** Carried over from the run before (continue-as-new): what has been asked for and not been done. */
  carried?: CarriedStatus & { asked: CatchUpRequest[] };
}

/** Where a walk over changed records goes on. ISO instant and record id. */
export interface ReadPosition {
  modifiedAt: string;
  id: string;
}

export interface JobFinished {
  jobId: string;
}
