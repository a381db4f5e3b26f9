// `npm start`: worker and API in one process, for small installations. When one ends, so does the other.
import { runApi } from './api';
import type { Config } from './config';
import { runProcess } from './process';
import { runWorker } from './worker/index';

void runProcess('zoho-mirror', async (frame) => {
  const stop = new AbortController();
  const both = { ...frame, stopping: AbortSignal.any([frame.stopping, stop.signal]) };
  const ended = [runWorker(both), runApi({ ...both, config: besideWorker(both.config) })];
  try {
    await Promise.race(ended);
  } finally {
    stop.abort(new Error('the other half has ended'));
    await Promise.allSettled(ended);
  }
});

/** Two processes' metrics in one: where a port is given, the API's is the next one, as it is by default. */
function besideWorker(config: Config): Config {
  const { metricsPort } = config;
  return metricsPort ? { ...config, metricsPort: metricsPort + 1 } : config;
}
