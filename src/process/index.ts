export { createLog, type Log } from './log';
export { runProcess, stopped, type Process } from './run';
export { waitFor } from './wait-for';
