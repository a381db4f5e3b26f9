// Names that the Temporal CLI, the Web UI and the tests see. They are promises: renaming one orphans running workflows.

export const TASK_QUEUE = 'zoho-mirror';

export const workflowTypes = {
  initialSync: 'InitialSync',
  channelRenewal: 'ChannelRenewal',
  notificationSync: 'NotificationSync',
  catchUpSync: 'CatchUpSync',
  reconcile: 'Reconcile',
  dryRun: 'DryRun',
} as const;

export const workflowIds = {
  initialSync: (module: string) => `initial-sync/${module}`,
  channelRenewal: (module: string) => `channel-renewal/${module}`,
  notificationSync: (module: string) => `notification-sync/${module}`,
  catchUp: (module: string) => `catch-up/${module}`,
  reconcile: (module: string) => `reconcile/${module}`,
  dryRun: (module: string) => `dry-run/${module}`,
};

export const scheduleIds = {
  catchUp: (module: string) => `catch-up/${module}`,
  reconcile: (module: string) => `reconcile/${module}`,
};

export const signals = {
  /** Ids that Zoho says have changed: `Hint`. */
  recordsChanged: 'recordsChanged',
  /** Zoho says a bulk job ended: `JobFinished`. Only a reason to look, never believed. */
  jobFinished: 'jobFinished',
  /** Somebody asks a running CatchUpSync to go round once more: `CatchUpRequest`. */
  catchUpAgain: 'catchUpAgain',
  /** Changes come by catch-up and none is notified: ChannelRenewal subscribes anew. */
  channelDoubted: 'channelDoubted',
  /** Another workflow of the module works again after trouble: a degraded one tries at once. */
  tryAgain: 'tryAgain',
  /** An activity of this workflow keeps failing and is retried: `Retrying`. Only shown, never acted on. */
  stillTrying: 'stillTrying',
} as const;

export const queries = { status: 'status' } as const;

export const updates = {
  pause: 'pause',
  resume: 'resume',
  renewNow: 'renewNow',
  loadAgain: 'loadAgain',
} as const;

export const searchAttributes = { module: 'ZohoModule', health: 'MirrorHealth' } as const;
