// Every metric of the mirror's own, by Prometheus' conventions. Names are promises: dashboards and alerts rest on them.

export interface Metric {
  name: string;
  kind: 'counter' | 'gauge' | 'histogram';
  /** Which process serves it. */
  process: 'worker' | 'api';
  labels: readonly string[];
  about: string;
  /** Upper bounds of a histogram. */
  buckets?: readonly number[];
}

const seconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export const metrics = {
  rows: {
    name: 'zoho_mirror_rows_total',
    kind: 'counter',
    process: 'worker',
    labels: ['module', 'outcome'],
    about: 'Rows by what their merge made of them: inserted, updated, unchanged, stale, deleted or rejected',
  },
  mergeSeconds: {
    name: 'zoho_mirror_merge_duration_seconds',
    kind: 'histogram',
    process: 'worker',
    labels: ['module', 'source'],
    about: 'One merge, a transaction of the database; source: export or reread',
    buckets: seconds,
  },
  batchSeconds: {
    name: 'zoho_mirror_batch_duration_seconds',
    kind: 'histogram',
    process: 'worker',
    labels: ['module'],
    about: 'One batch of an export, from waiting for its rows to its commit',
    buckets: seconds,
  },
  notificationSeconds: {
    name: 'zoho_mirror_notification_latency_seconds',
    kind: 'histogram',
    process: 'worker',
    labels: ['module'],
    about: 'From the arrival of the oldest notification of a batch until its records are committed',
    buckets: seconds,
  },
  requestSeconds: {
    name: 'zoho_mirror_zoho_request_duration_seconds',
    kind: 'histogram',
    process: 'worker',
    labels: ['route', 'status'],
    about: 'Requests to Zoho; status 0: no answer came',
    buckets: seconds,
  },
  creditsSpent: {
    name: 'zoho_mirror_credits_spent_total',
    kind: 'counter',
    process: 'worker',
    labels: ['route'],
    about: "API credits that this worker has spent, by Zoho's price list",
  },
  creditsLeft: {
    name: 'zoho_mirror_credits_left',
    kind: 'gauge',
    process: 'worker',
    labels: [],
    about: 'API credits left of the last 24 hours; absent without `limits.dailyCredits` and a word from Zoho',
  },
  lagSeconds: {
    name: 'zoho_mirror_watermark_lag_seconds',
    kind: 'gauge',
    process: 'worker',
    labels: ['module'],
    about: 'Age of the watermark: everything older is in the table; absent before the first load',
  },
  channelSeconds: {
    name: 'zoho_mirror_channel_expiry_seconds',
    kind: 'gauge',
    process: 'worker',
    labels: ['module'],
    about: 'Time until the notification channel expires, 0 once it has; absent, or NaN, without a channel',
  },
  openRejects: {
    name: 'zoho_mirror_open_rejects',
    kind: 'gauge',
    process: 'worker',
    labels: ['module'],
    about: 'Rows that could not go in and are not settled',
  },
  degraded: {
    name: 'zoho_mirror_degraded_workflows',
    kind: 'gauge',
    process: 'worker',
    labels: ['module'],
    about: 'Running workflows that need a person',
  },
  apiStart: {
    name: 'zoho_mirror_api_start_time_seconds',
    kind: 'gauge',
    process: 'api',
    labels: [],
    about: 'When the API began to serve, in Unix time; absent while no API is reached',
  },
  notifiedIds: {
    name: 'zoho_mirror_notified_ids_total',
    kind: 'counter',
    process: 'api',
    labels: ['module'],
    about: 'Ids of notifications that Temporal has accepted',
  },
  apiSeconds: {
    name: 'zoho_mirror_api_request_duration_seconds',
    kind: 'histogram',
    process: 'api',
    labels: ['route', 'status'],
    about: 'Requests to the API, by route and status',
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
  },
} as const satisfies Record<string, Metric>;
