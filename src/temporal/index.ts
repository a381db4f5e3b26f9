export { connectWorker, createTemporalClient, temporalAddress } from './connect';
export { createDataConverter, createPayloadCodec, PayloadKeyError, type PayloadKey } from './payload-codec';
export {
  doubtSilentChannel,
  ensureChannel,
  ensureSchedules,
  requestCatchUp,
  sendHints,
  startDryRun,
  startInitialSync,
  startReconcile,
  wakeDegraded,
} from './workflows';
export { registerSearchAttributes, searchAttributeCheck } from './search-attributes';
export {
  countWorkers,
  inTime,
  rowsOfPageDone,
  runningModules,
  runningWorkflows,
  type RunningWorkflow,
} from './look';
