// The worker as a process: waits for the database and Temporal, works until it is asked to stop, gives running work back.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { GracefulShutdownPeriodExpiredError, Runtime, type NativeConnection } from '@temporalio/worker';
import { Catalog, sharedStores, type Deps } from '../activities';
import type { Config } from '../config';
import { DatabaseError, openDatabase, type Database } from '../db';
import { readPage } from '../pages';
import { stopped, waitFor, type Log, type Process } from '../process';
import {
  connectWorker,
  createTemporalClient,
  registerSearchAttributes,
  searchAttributeCheck,
  temporalAddress,
} from '../temporal';
import { createZoho, type Zoho } from '../zoho';
import { createWorker } from './create-worker';
import { ensureModules } from './ensure-modules';
import { showGauges } from './gauges';
import { loadAgainWhenChanged } from './load-again';
import { installRuntime, zohoMeter } from './telemetry';

const defaultMetricsPort = 9464;

export async function runWorker({ config, log, stopping, ready }: Process): Promise<void> {
  await installRuntime(log, config.bindAddress, config.metricsPort ?? defaultMetricsPort);
  const db = await waitFor(() => openMigrated(config.legacyDb), {
    what: 'the database',
    log,
    stopping,
    worthWaiting: (error) => error instanceof DatabaseError && error.verdict === 'retry',
  });
  const zoho = createZoho({
    ...config.zoho,
    ...sharedStores(db),
    limits: config.limits,
    onCall: zohoMeter(),
  });
  const temporal = createTemporalClient(config.payloadKeys);
  let connection: NativeConnection | undefined;
  try {
    const connected = await waitFor(connectWorker, {
      what: `Temporal at ${temporalAddress()}`,
      log,
      stopping,
    });
    connection = connected.connection;
    await ensureSearchAttributes(temporal, log);
    const deps = createDeps({ config, db, zoho, temporal });
    const worker = await createWorker({ ...connected, deps });
    void stopped(stopping).then(() => worker.getState() === 'RUNNING' && worker.shutdown());
    const running = worker.run();
    ready(`worker ready: task queue zoho-mirror, namespace ${connected.namespace}, database ${db.dialect}`);
    void ensureModules(deps, log, { stopping });
    // Ends by being stopped.
    void loadAgainWhenChanged(deps, log, { stopping }).catch(() => undefined);
    void showGauges(deps, { meter: Runtime.instance().metricMeter, log, stopping });
    await running.catch((error: unknown) => {
      if (!(stopping.aborted && error instanceof GracefulShutdownPeriodExpiredError)) throw error;
      log.warn('running work did not stop in time; Temporal gives it to another worker');
    });
  } finally {
    await Promise.race([closeAll(connection, zoho, db), delay(closeWithinMs, undefined, { ref: false })]);
  }
}

/** Where the mirror may not register them it goes on without: only lists by health need them. */
async function ensureSearchAttributes(temporal: Client, log: Log): Promise<void> {
  try {
    if (await registerSearchAttributes(temporal)) log.info('search attributes registered');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ reason }, 'search attributes not registered; going on without');
  }
}

/** A database or a Zoho that hangs must not keep the process alive. */
const closeWithinMs = 3_000;

async function closeAll(connection: NativeConnection | undefined, zoho: Zoho, db: Database): Promise<void> {
  await connection?.close();
  // The client's connection ends with the process: closing it under a call that is being retried throws out of a timer.
  // First Zoho's: it leaves in the database what was spent.
  await zoho.close();
  await db.close();
}

export const createDeps = (parts: Pick<Deps, 'config' | 'db' | 'zoho' | 'temporal'>): Deps => ({
  ...parts,
  catalog: new Catalog(parts),
  readPage,
  searchAttributes: searchAttributeCheck(parts.temporal),
});

async function openMigrated(url: Config['legacyDb']): Promise<Database> {
  const db = await openDatabase(url);
  try {
    await db.migrate();
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
