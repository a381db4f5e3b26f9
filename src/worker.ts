// `npm run worker`
import { runProcess } from './process';
import { runWorker } from './worker/run';

void runProcess('worker', runWorker);
