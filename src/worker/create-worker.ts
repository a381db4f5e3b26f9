// Pure wiring: what a worker is made of. Production and tests build it by this one function.
import { join } from 'node:path';
import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { activityInterceptor, createActivities, retryReporter, type Deps } from '../activities';
import { TASK_QUEUE } from '../contracts';
import { createDataConverter } from '../temporal';

export const bundlePath = join(__dirname, '..', '..', 'workflow-bundle.js');

export interface WorkerParts {
  connection: NativeConnection;
  namespace: string;
  deps: Deps;
  overrides?: Partial<WorkerOptions>;
}

export const createWorker = ({ connection, namespace, deps, overrides }: WorkerParts): Promise<Worker> =>
  Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: bundlePath },
    activities: createActivities(deps),
    dataConverter: createDataConverter(deps.config.payloadKeys),
    interceptors: { activity: [retryReporter(deps.temporal), activityInterceptor] },
    // Below any orchestrator's patience; a page that is being loaded is given back and taken up behind its last batch.
    shutdownGraceTime: '2s',
    shutdownForceTime: '8s',
    maxConcurrentActivityTaskExecutions: 16,
    maxCachedWorkflows: 200,
    // Few workflows, each mostly asleep: one isolate is enough, and each costs some 30 MB.
    workflowThreadPoolSize: 1,
    ...overrides,
  });
