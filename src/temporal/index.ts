export { connectWorker, createTemporalClient, temporalAddress } from './connect';
export { createDataConverter, createPayloadCodec, PayloadKeyError, type PayloadKey } from './payload-codec';
export {
  doubtSilentChannel,
  endOfInitialSync,
  ensureChannel,
  ensureSchedules,
  giveUpChannel,
  holdNotifications,
  requestCatchUp,
  sendHints,
  startDryRun,
  startInitialSync,
  startReconcile,
  wakeDegraded,
  type Begun,
} from './workflows';
export { pausedSchedulesOf, pauseSchedules, resumeSchedules, type PausedSchedule } from './hold';
export { registerSearchAttributes, searchAttributeCheck } from './search-attributes';
export {
  freshPollMs,
  inTime,
  lastRun,
  moduleOf,
  ping,
  rowsOfPageDone,
  runningModules,
  runningWorkflows,
  statusOf,
  workersSeen,
  type RunningWorkflow,
} from './look';
