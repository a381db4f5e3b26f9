export { createLog, type Log } from './log';
export { runProcess, stopped, type Process } from './run';
export { connectWorker, createTemporalClient, temporalAddress } from './temporal';
export { waitFor } from './wait-for';
