// The activities as workflows call them, one proxy per behaviour. Every one heartbeats, so a killed worker is noticed in 10 s;
// transient failures are tried again for ever: an outage of a night must not fail a workflow.
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';

const patient = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' } as const;
const watched = { heartbeatTimeout: '10s', retry: patient } as const;

/** A call or a few. */
export const quick = proxyActivities<Activities>({ startToCloseTimeout: '2m', ...watched });

/** Absent before the first complete load. */
export const watermarkOf = (module: string): Promise<string | undefined> =>
  quick.readWatermark.executeWithOptions({ summary: `${module}: how far is the mirror?` }, [module]);

/** Any number of re-reads. */
export const reading = proxyActivities<Activities>({ startToCloseTimeout: '1h', ...watched });

/** A whole page: 200,000 rows. */
export const loading = proxyActivities<Activities>({ startToCloseTimeout: '12h', ...watched });
