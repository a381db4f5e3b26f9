export { connectWorker, createTemporalClient, temporalAddress } from './connect';
export {
  ensureChannel,
  ensureSchedule,
  requestCatchUp,
  sendHints,
  startInitialSync,
  wakeDegraded,
} from './workflows';
export { countWorkers, inTime, moduleOf, runningWorkflows, type RunningWorkflow } from './look';
