// What gauges show when something is overdue, or is no more.
import type { MetricMeter } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import { metrics } from '../../src/contracts';
import type { MirrorState, ModuleState } from '../../src/overview';
import { Gauges } from '../../src/worker/gauges';
import { silence } from '../support/temporal';

beforeAll(silence);
// No worker shuts it down here, and it would keep the process alive.
afterAll(() => Runtime.instance().shutdown());

/** The SDK's own meter, which refuses what Prometheus would take, and what it was given last. */
function recordingMeter(): { meter: MetricMeter; values: Map<string, number> } {
  const values = new Map<string, number>();
  const real = Runtime.instance().metricMeter;
  const meter: Pick<MetricMeter, 'createGauge'> = {
    createGauge(name, ...rest) {
      const gauge = real.createGauge(name, ...rest);
      return {
        ...gauge,
        set(value, tags) {
          gauge.set(value, tags);
          values.set(name, value);
        },
      };
    },
  };
  return { meter: meter as MetricMeter, values };
}

const now = Date.parse('2026-03-01T12:00:00Z');
const state = (change: Partial<ModuleState>): MirrorState => ({
  health: 'ok',
  workers: 1,
  credits: { spentToday: 0 },
  modules: [{ module: 'Leads', health: 'ok', workflows: [], openRejects: 0, ...change }],
});

test('a channel counts down to 0 and not below, and has no figure any more when it is given up', () => {
  const { meter, values } = recordingMeter();
  const gauges = new Gauges(meter);
  const seconds = (change: Partial<ModuleState>): number | undefined => {
    gauges.show(state(change), now);
    return values.get(metrics.channelSeconds.name);
  };
  expect(seconds({})).toBeUndefined();
  expect(seconds({ channelExpiresAt: '2026-03-01T13:00:00Z' })).toBe(3_600);
  expect(seconds({ channelExpiresAt: '2026-03-01T11:00:00Z' })).toBe(0);
  expect(seconds({})).toBeNaN();
});

test('a watermark ahead of this clock is no negative age', () => {
  const { meter, values } = recordingMeter();
  new Gauges(meter).show(state({ watermark: '2026-03-01T12:00:09Z' }), now);
  expect(values.get(metrics.lagSeconds.name)).toBe(0);
});
