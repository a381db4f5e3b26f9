// The error types that workflows look at. An error is classified once, where it is first seen; from then on its type decides.

/** `ApplicationFailure.type` → what it means, what the operator does about it, and how to see that it is healed. */
export const errorTypes = {
  InvalidInput: {
    retry: false,
    means:
      'The input of a workflow is wrong, or names a module that is not configured or that Zoho does not have.',
    operator: 'Start it again with the input that the message asks for.',
    healed: 'The new run starts.',
  },
  ZohoPermanent: {
    retry: false,
    means: 'Zoho refuses and will go on refusing: revoked token, missing scope, missing right.',
    operator:
      'Mend it in Zoho, then `resume`. For a new token `zoho-mirror setup --token-only`, then restart the worker.',
    healed: '`zoho-mirror status` shows `ok`; the list of degraded workflows is empty.',
  },
  NotNotified: {
    retry: false,
    means: 'Zoho does not notify this module, whoever subscribes.',
    operator:
      'Nothing; its changes come by catch-up (`schedules.catchUp`), and a subscription is tried with every renewal.',
    healed: 'The watermark moves with every catch-up.',
  },
  ChannelPaused: {
    retry: false,
    means: 'The renewal of the notification channel is paused, so nobody knows whether Zoho notifies.',
    operator: 'Let the module go on: `zoho-mirror resume` with its name.',
    healed: '`zoho-mirror status` shows `ok` and nothing paused.',
  },
  ZohoThrottled: {
    retry: true,
    means: 'Zoho asks for patience: credits, concurrency, downloads or token refreshes.',
    operator: 'Nothing; the next try waits as long as Zoho asked.',
    healed: '`retrying` is gone from the `status`; the pending activity has ended.',
  },
  CreditsReserved: {
    retry: false,
    means: 'Background work would touch the reserve of API credits (`limits` in the configuration).',
    operator:
      'Nothing; the workflow shows what it waits for, and goes on when credits have come back, or looks at once on `resume`.',
    healed: '`waiting` is gone from the `status`.',
  },
  ZohoTransient: {
    retry: true,
    means: 'Network trouble or a failing answer of Zoho.',
    operator: 'Nothing; it is tried again until it works.',
    healed: '`retrying` is gone from the `status`; the pending activity has ended.',
  },
  ChainExpired: {
    retry: false,
    means:
      'A Bulk Read chain cannot go on: its page token is over 24 hours old, or the module has other fields by now.',
    operator: 'Nothing; the export starts again at page 1.',
    healed: 'The run goes on at page 1 and ends.',
  },
  ExportGone: {
    retry: false,
    means: 'Zoho no longer has the file of a Bulk Read job, or the job failed.',
    operator: 'Nothing; the page is exported again, and with page 1 the whole chain.',
    healed: 'The page loads; `pages` grows.',
  },
  SchemaMismatch: {
    retry: false,
    means: 'The target table cannot take what is configured.',
    operator: 'Run the T-SQL in the message, or set `schema: extend`; then `resume`.',
    healed: '`zoho-mirror schema check` finds nothing in the way, and `status` shows `ok`.',
  },
  DatabasePermanent: {
    retry: false,
    means: 'The database refuses and will go on refusing: login, missing right, missing database.',
    operator: 'Mend the right, then `resume`; or the connection string, then restart the worker.',
    healed: '`zoho-mirror check` says ok for the database, and `status` shows `ok`.',
  },
  TooManyUnseen: {
    retry: false,
    means: 'A complete export lacks suspiciously many rows that the mirror has.',
    operator: 'Look at the permissions of the Zoho user first. If the rows are really gone: `resume`.',
    healed: 'The phase goes on from `sweeping` or `asking`, and the run ends.',
  },
  PageIncomplete: {
    retry: true,
    means: 'A page did not arrive whole: stalled, cut off, wrong checksum, too few rows.',
    operator: 'Nothing; the page is taken again behind the last committed batch.',
    healed: 'The page loads; `pages` grows.',
  },
  DatabaseTransient: {
    retry: true,
    means: 'The database cannot be reached, or gave way to somebody else.',
    operator: 'Bring the database back; everything waits and goes on by itself.',
    healed: '`retrying` is gone from the `status`; the pending activity has ended.',
  },
  Superseded: {
    retry: true,
    means: 'Another attempt has already moved the page checkpoint on.',
    operator: 'Nothing; the next try goes on behind it.',
    healed: 'The activity has ended.',
  },
  Bug: {
    retry: false,
    means: 'Zoho answered something that it never should, or the mirror asked something wrong.',
    operator: 'Report it with the message; `resume` tries again after an upgrade.',
    healed: '`zoho-mirror status` shows `ok` after the upgrade.',
  },
} as const;

export type ErrorType = keyof typeof errorTypes;
