// What the API counts, for Prometheus. On a port of its own: the webhook's is open to the world.
import fastify, { type FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metrics } from '../contracts';
import type { Log } from '../process';

export interface ApiMetrics {
  /** Notified ids that Temporal has durably accepted. */
  accepted(module: string, ids: number): void;
  answered(request: { route: string; status: number; seconds: number }): void;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

export function createMetrics(): ApiMetrics {
  const registers = [new Registry()];
  collectDefaultMetrics({ register: registers[0]! });
  new Gauge({ name: metrics.apiStart.name, help: metrics.apiStart.about, registers }).setToCurrentTime();
  const ids = new Counter({
    name: metrics.notifiedIds.name,
    help: metrics.notifiedIds.about,
    labelNames: metrics.notifiedIds.labels,
    registers,
  });
  const requests = new Histogram({
    name: metrics.apiSeconds.name,
    help: metrics.apiSeconds.about,
    labelNames: metrics.apiSeconds.labels,
    buckets: [...metrics.apiSeconds.buckets],
    registers,
  });
  return {
    accepted: (module, count) => ids.inc({ module }, count),
    answered: ({ route, status, seconds }) => requests.observe({ route, status }, seconds),
    text: () => registers[0]!.metrics(),
  };
}

/** Undefined where the port is taken: notifications matter more than numbers about them. */
export async function serveMetrics(
  served: ApiMetrics,
  { host, port, log }: { host: string; port: number; log: Log },
): Promise<FastifyInstance | undefined> {
  const app = fastify();
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await served.text()),
  );
  try {
    await app.listen({ host, port });
  } catch {
    log.warn({ port }, 'the metrics port cannot be had; going on without metrics (set METRICS_PORT)');
    return undefined;
  }
  return app;
}
