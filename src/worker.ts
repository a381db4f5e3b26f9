// `npm run worker`
import { runProcess } from './process';
import { runWorker } from './worker/index';

void runProcess('worker', runWorker);
