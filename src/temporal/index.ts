export { connectWorker, createTemporalClient, temporalAddress } from './connect';
export { ensureChannel, ensureSchedule, requestCatchUp, sendHints, startInitialSync } from './workflows';
