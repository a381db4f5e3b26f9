export { connectWorker, createTemporalClient, temporalAddress } from './connect';
export { createDataConverter, createPayloadCodec, PayloadKeyError, type PayloadKey } from './payload-codec';
export {
  ensureChannel,
  ensureSchedule,
  requestCatchUp,
  sendHints,
  startInitialSync,
  wakeDegraded,
} from './workflows';
export { countWorkers, inTime, moduleOf, runningWorkflows, type RunningWorkflow } from './look';
