export { connectWorker, createTemporalClient, temporalAddress } from './connect';
export { ensureChannel, ensureSchedule, requestCatchUp, sendHints, startInitialSync } from './workflows';
export { countWorkers, inTime, moduleOf, runningWorkflows, type RunningWorkflow } from './look';
