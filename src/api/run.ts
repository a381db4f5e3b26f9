// The API as a process: listens first, so that Zoho gets a 503 and not silence while Temporal is down.
import { stopped, waitFor, type Process } from '../process';
import { createTemporalClient, ping, temporalAddress } from '../temporal';
import { createMetrics, serveMetrics } from './metrics';
import { createApi } from './server';

const defaultMetricsPort = 9465;
const secretLength = 16;

export async function runApi({ config, log, stopping, ready }: Process): Promise<void> {
  if (config.webhookSecret.length < secretLength)
    log.warn(`WEBHOOK_SECRET is shorter than ${secretLength} characters: it can be guessed`);
  const temporal = createTemporalClient(config.payloadKeys);
  const metrics = createMetrics();
  const app = createApi({
    webhookSecret: config.webhookSecret,
    modules: Object.keys(config.modules),
    temporal,
    log,
    metrics,
  });
  let metricsApp: Awaited<ReturnType<typeof serveMetrics>>;
  try {
    const address = await app.listen({ host: config.bindAddress, port: config.port });
    metricsApp = await serveMetrics(metrics, {
      host: config.bindAddress,
      port: config.metricsPort ?? defaultMetricsPort,
      log,
    });
    await waitFor(() => ping(temporal, 5_000), { what: `Temporal at ${temporalAddress()}`, log, stopping });
    ready(`api ready on ${address}`);
    await stopped(stopping);
  } finally {
    // The client's connection ends with the process: closing it under a call that is being retried throws out of a timer.
    await Promise.all([app.close(), metricsApp?.close()]);
  }
}
