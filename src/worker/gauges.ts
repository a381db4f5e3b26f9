// How the mirror stands, as gauges: read once a minute from the database and the workflows, never from Zoho.
import { setTimeout as delay } from 'node:timers/promises';
import type { MetricMeter, MetricTags } from '@temporalio/common';
import type { Deps } from '../activities';
import { metrics, type Metric } from '../contracts';
import { readMirror, type MirrorState } from '../overview';
import type { Log } from '../process';

const lookEveryMs = 60_000;

/** Until the process stops. What cannot be read now keeps its last figure; ages go on growing meanwhile. */
export async function showGauges(
  { config, temporal, db }: Deps,
  { meter, log, stopping }: { meter: MetricMeter; log: Log; stopping: AbortSignal },
): Promise<void> {
  const gauges = new Gauges(meter);
  let last: MirrorState | undefined;
  while (!stopping.aborted) {
    try {
      last = await readMirror({ config, temporal, db }, { closely: false });
    } catch (error) {
      log.debug({ reason: error instanceof Error ? error.message : String(error) }, 'gauges not read');
    }
    if (last) gauges.show(last, Date.now());
    await delay(lookEveryMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}

export class Gauges {
  private readonly shown = new Set<string>();

  constructor(private readonly meter: MetricMeter) {}

  show({ credits, modules }: MirrorState, nowMs: number): void {
    this.set(metrics.creditsLeft, credits.left);
    for (const { module, watermark, channelExpiresAt, openRejects, workflows } of modules) {
      const degraded = workflows.filter(({ health }) => health === 'degraded').length;
      this.set(metrics.lagSeconds, watermark && secondsBetween(watermark, nowMs), { module });
      this.set(metrics.channelSeconds, channelExpiresAt && -secondsBetween(channelExpiresAt, nowMs), {
        module,
      });
      this.set(metrics.openRejects, openRejects, { module });
      this.set(metrics.degraded, degraded, { module });
    }
  }

  /** A gauge cannot be taken back: what there was and is no more, such as a channel that was given up, is not a number. */
  private set({ name, about }: Metric, value: number | undefined | '', labels: MetricTags = {}): void {
    const key = `${name} ${JSON.stringify(labels)}`;
    const known = typeof value === 'number';
    if (!known && !this.shown.has(key)) return;
    this.shown.add(key);
    // The SDK throws at a negative one.
    this.meter.createGauge(name, 'float', undefined, about).set(known ? Math.max(0, value) : NaN, labels);
  }
}

const secondsBetween = (iso: string, nowMs: number): number => (nowMs - Date.parse(iso)) / 1_000;
