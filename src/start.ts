// `npm start`: worker and API in one process, for small installations. When one ends, so does the other.
import { runApi } from './api/run';
import { runProcess } from './process';
import { runWorker } from './worker/run';

void runProcess('zoho-mirror', async (frame) => {
  const stop = new AbortController();
  const both = { ...frame, stopping: AbortSignal.any([frame.stopping, stop.signal]) };
  const ended = [runWorker(both), runApi(both)];
  try {
    await Promise.race(ended);
  } finally {
    stop.abort(new Error('the other half has ended'));
    await Promise.allSettled(ended);
  }
});
