// A real Temporal server for one test file, and workers on task queues of their own for its tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { startTemporalServer } from '../../dev/temporal-server';
import type { Activities } from '../../src/activities';
import { searchAttributes } from '../../src/contracts';
import { workflowBundle } from './workflow-bundle';

/** Timers fire when they are due; by default the server lets them wait for up to a second. */
const promptTimers = ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="1ms"'];

export interface TestTemporal {
  address: string;
  client: Client;
  connection: NativeConnection;
  /** Runs a worker while `act` runs. Workflows that still run afterwards stay where they are. */
  withWorker<T>(
    activities: Partial<Activities>,
    act: (taskQueue: string) => Promise<T>,
    options?: Partial<WorkerOptions>,
  ): Promise<T>;
  close(): Promise<void>;
}

let queues = 0;
let silent = false;

/** Before the first connection: workers tell their errors in the tests' own failures. */
export function silence(): void {
  if (silent) return;
  silent = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
  });
}

const knownAttributes = Object.values(searchAttributes).flatMap((name) => [
  '--search-attribute',
  `${name}=Keyword`,
]);

/** @param dynamicConfig `key=value`, as the server's `--dynamic-config-value` takes it. */
export async function startTemporal(dynamicConfig: readonly string[] = []): Promise<TestTemporal> {
  silence();
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-temporal-'));
  const extraArgs = [
    ...promptTimers,
    ...knownAttributes,
    ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
  ];
  const server = await startTemporalServer({ folder, extraArgs });
  const { address } = server;
  const clientConnection = await Connection.connect({ address });
  const connection = await NativeConnection.connect({ address });
  const codePath = await workflowBundle();
  return {
    address,
    connection,
    client: new Client({ connection: clientConnection }),
    async withWorker(activities, act, options = {}) {
      queues += 1;
      const taskQueue = options.taskQueue ?? `queue-${queues}`;
      const worker = await Worker.create({
        connection,
        workflowBundle: { codePath },
        activities,
        ...options,
        taskQueue,
      });
      return worker.runUntil(act(taskQueue));
    },
    async close() {
      await connection.close();
      await clientConnection.close();
      await server.child.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
