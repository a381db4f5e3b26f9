// Temporal's runtime for this process: its logs go where ours go, its metrics to Prometheus. Installed once, before any connection.
import { createServer } from 'node:net';
import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { metrics } from '../contracts';
import type { Log } from '../process';
import type { ZohoCall } from '../zoho';
import { sdkLogger } from './sdk-log';

const histogramBucketOverrides = Object.fromEntries(
  Object.values(metrics).flatMap((metric) =>
    metric.process === 'worker' && 'buckets' in metric ? [[metric.name, [...metric.buckets]]] : [],
  ),
);

export async function installRuntime(log: Log, bindAddress: string, port: number): Promise<void> {
  const free = await isFree(bindAddress, port);
  if (!free) log.warn({ port }, 'the metrics port is taken; going on without metrics (set METRICS_PORT)');
  Runtime.install({
    logger: sdkLogger(log),
    // The process decides when to stop; see runWorker.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(free
        ? { metrics: { prometheus: { bindAddress: `${bindAddress}:${port}`, histogramBucketOverrides } } }
        : {}),
    },
  });
}

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

/** Counts and times every request to Zoho. */
export function zohoMeter(): (call: ZohoCall) => void {
  const { requestSeconds, creditsSpent } = metrics;
  const meter = Runtime.instance().metricMeter;
  const requests = meter.createHistogram(requestSeconds.name, 'float', 's', requestSeconds.about);
  const spent = meter.createCounter(creditsSpent.name, 'credits', creditsSpent.about);
  return ({ route, status, ms, credits }) => {
    requests.record(ms / 1_000, { route, status: `${status}` });
    if (credits > 0) spent.add(credits, { route });
  };
}
