export { runWorker } from './run';
