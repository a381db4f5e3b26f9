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
  let last: MirrorState | undefined;
  while (!stopping.aborted) {
    try {
      last = await readMirror({ config, temporal, db }, { rows: false });
    } catch (error) {
      log.debug({ reason: error instanceof Error ? error.message : String(error) }, 'gauges not read');
    }
    if (last) setGauges(meter, last, Date.now());
    await delay(lookEveryMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}

export function setGauges(meter: MetricMeter, { credits, modules }: MirrorState, nowMs: number): void {
  const set = ({ name, about }: Metric, value: number | undefined, labels: MetricTags = {}): void => {
    if (value !== undefined) meter.createGauge(name, 'float', undefined, about).set(value, labels);
  };
  const secondsTo = (iso: string | undefined): number | undefined =>
    iso === undefined ? undefined : (Date.parse(iso) - nowMs) / 1_000;
  set(metrics.creditsLeft, credits.left);
  for (const { module, watermark, channelExpiresAt, openRejects, workflows } of modules) {
    const until = secondsTo(watermark);
    set(metrics.lagSeconds, until === undefined ? undefined : Math.max(0, -until), { module });
    set(metrics.channelSeconds, secondsTo(channelExpiresAt), { module });
    set(metrics.openRejects, openRejects, { module });
    set(metrics.degraded, workflows.filter(({ health }) => health === 'degraded').length, { module });
  }
}
