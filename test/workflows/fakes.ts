// Every activity as a calm day would answer it, and a record of who was called when. Tests replace what they want to go wrong.
import { activityInfo } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/activities';
import {
  errorTypes,
  noCounts,
  signals,
  type Counts,
  type ErrorType,
  type ModuleSettings,
} from '../../src/contracts';

export const hourMs = 3_600_000;

export const settings = (change: Partial<ModuleSettings> = {}): ModuleSettings => ({
  module: 'Leads',
  polling: false,
  searchAttributes: false,
  renewEveryMs: 24 * hourMs,
  pollFirstMs: hourMs,
  pollMaxMs: hourMs,
  notificationWindowMs: 1,
  fingerprint: 'f1',
  skipped: [],
  ...change,
});

export const counts = (change: Partial<Counts>): Counts => ({ ...noCounts(), ...change });

export const fail = (type: ErrorType, message: string, details: unknown[] = []): ApplicationFailure =>
  ApplicationFailure.create({ type, message, details, nonRetryable: !errorTypes[type].retry });

/** Ten minutes past, a minute more with each call. */
const zohoClock = (): (() => string) => {
  let minute = 10;
  return () => `2026-03-01T10:${minute++}:00.000Z`;
};

/** A promise that a test settles. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Lets the calling workflow know that its job has ended, as Zoho's callback would. */
export async function callBack(client: Client, jobId: string): Promise<void> {
  const { workflowId, runId } = activityInfo().workflowExecution!;
  await client.workflow.getHandle(workflowId, runId).signal(signals.jobFinished, { jobId });
}

export interface Fakes {
  activities: Activities;
  /** Names in the order of the calls. */
  calls: string[];
}

/** Exports have one page of two rows, ready at once. */
export function fakes(client: Client, change: Partial<Activities> = {}): Fakes {
  const calls: string[] = [];
  const zohoTime = zohoClock();
  let jobs = 0;
  const calm: Activities = {
    openModule: async (module) => settings({ module }),
    knowsSearchAttributes: async () => false,
    beginLoad: async () => zohoTime(),
    createExport: async ({ page }) => {
      const jobId = `${(jobs += 1)}`;
      await callBack(client, jobId);
      return { jobId, page, createdAt: '2026-03-01T10:10:30.000Z' };
    },
    readExport: async (jobId) => ({
      state: 'completed',
      stateText: 'COMPLETED',
      rows: 2,
      downloadPath: `/result/${jobId}`,
      moreRecords: false,
    }),
    loadPage: async ({ rows }) => ({ rows, counts: counts({ read: rows, inserted: rows }), resumedAtRow: 0 }),
    rereadRecords: async ({ ids }) => ({
      counts: counts({ read: ids.length, updated: ids.length }),
      again: [],
    }),
    comparePage: async ({ rows }) => ({ rows, counts: counts({ read: rows }), resumedAtRow: 0, credits: 1 }),
    compareEnd: async () => ({
      open: 0,
      foreign: 0,
      foreignSamples: [],
      checkedAt: '2026-03-01T10:11:00.000Z',
      credits: 0,
    }),
    checkDifferences: async () => ({ open: 0, credits: 1 }),
    repairDifferences: async () => ({ counts: noCounts(), credits: 1 }),
    reportDifferences: async () => ({
      compared: 2,
      missing: 0,
      extra: 0,
      stale: 0,
      rejected: 0,
      repaired: 0,
      pending: 0,
      samples: { missing: [], extra: [], stale: [], rejected: [] },
    }),
    dropComparison: async () => undefined,
    matchingSettled: async () => false,
    offerPage: async ({ rows }) => ({ rows, counts: noCounts(), resumedAtRow: 0 }),
    adoptMatches: async () => ({ adopted: 1, ambiguous: 2, samples: ['13', '14'] }),
    inspectModule: async (module) => ({
      settings: settings({ module }),
      table: module,
      ready: true,
      findings: [],
    }),
    previewPage: async ({ rows }) => ({ rows, counts: counts({ read: rows }), resumedAtRow: 0, credits: 1 }),
    endPreview: async () => ({
      inserted: 1,
      updated: 0,
      unchanged: 0,
      adopted: 1,
      matched: 0,
      ambiguous: 0,
      rejected: 0,
      rejectedBy: {},
      foreign: 3,
      unseen: 0,
      samples: { foreign: ['7'], rejected: [], ambiguous: [] },
    }),
    sweepUnseen: async () => ({ counts: noCounts() }),
    surveyChanges: async () => ({ started: zohoTime(), many: false }),
    readChanges: async () => ({ counts: noCounts() }),
    readDeletions: async () => ({ counts: noCounts() }),
    renewChannel: async () => ({
      channelId: '123456789012345678',
      expiresAt: '2026-03-07T10:00:00.000Z',
      expiresInMs: 6 * 24 * hourMs,
      subscribedAnew: false,
    }),
    dropChannel: async () => undefined,
    recordRun: async () => undefined,
    readWatermark: async () => '2026-03-01T10:00:00.000Z',
    completeLoad: async ({ t0 }) => t0,
    advanceWatermark: async ({ to }) => to,
    ensureChannel: async (module) => ({ module, phase: 'waiting', health: 'ok', renewals: 1 }),
    requestCatchUp: async () => undefined,
    doubtSilentChannel: async () => undefined,
    wakeSiblings: async () => undefined,
    startLoad: async () => undefined,
    ...change,
  };
  const recorded = Object.entries(calm).map(([name, activity]) => [
    name,
    (...given: unknown[]) => {
      calls.push(name);
      return (activity as (...args: unknown[]) => unknown)(...given);
    },
  ]);
  return { calls, activities: Object.fromEntries(recorded) as Activities };
}

/** A chain of so many pages, by page tokens. `requests` are the exports that were asked for. */
export function chainOf(
  client: Client,
  pages: number,
): Required<Pick<Activities, 'createExport' | 'readExport'>> & {
  requests: { page: number; pageToken?: string }[];
} {
  const requests: { page: number; pageToken?: string }[] = [];
  const pageOf = new Map<string, number>();
  return {
    requests,
    createExport: async ({ page, pageToken }) => {
      requests.push({ page, ...(pageToken ? { pageToken } : {}) });
      const jobId = `${requests.length}`;
      pageOf.set(jobId, page);
      await callBack(client, jobId);
      return { jobId, page, createdAt: `2026-03-01T10:20:0${Math.min(requests.length, 9)}.000Z` };
    },
    readExport: async (jobId) => {
      const page = pageOf.get(jobId)!;
      const more = page < pages;
      return {
        state: 'completed',
        stateText: 'COMPLETED',
        rows: 2,
        downloadPath: `/result/${jobId}`,
        moreRecords: more,
        ...(more ? { nextPageToken: `after-${page}` } : {}),
      };
    },
  };
}
