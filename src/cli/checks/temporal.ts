// Temporal: within reach, the namespace, the search attributes, and a worker that asks for work. Changes nothing.
import type { Client } from '@temporalio/client';
import { searchAttributes, TASK_QUEUE } from '../../contracts';
import { freshPollMs, inTime, ping, runningModules, temporalAddress, workersSeen } from '../../temporal';
import { failed, ok, reasonOf, skipped, warning, type Verdict } from './verdict';

const withinMs = 5_000;

export async function checkTemporal(
  temporal: Client,
  { worker, modules }: { worker: boolean; modules: readonly string[] },
): Promise<Verdict[]> {
  const reach = await checkReach(temporal);
  const rest = worker ? ['search attributes', 'worker'] : ['search attributes'];
  if (reach.verdict === 'failed')
    return [reach, ...['namespace', ...rest].map((check) => skipped(check, 'Temporal is not reached'))];
  const namespace = await checkNamespace(temporal);
  if (namespace.verdict === 'failed')
    return [reach, namespace, ...rest.map((check) => skipped(check, 'the namespace is not usable'))];
  return [
    reach,
    namespace,
    await checkSearchAttributes(temporal),
    ...(await checkLeftOver(temporal, modules)),
    ...(worker ? [await checkWorker(temporal)] : []),
  ];
}

async function checkReach(temporal: Client): Promise<Verdict> {
  try {
    const { serverVersion } = await ping(temporal, withinMs);
    return ok('Temporal', `server ${serverVersion || 'of unknown version'} at ${temporalAddress()}`);
  } catch (error) {
    return failed(
      'Temporal',
      `${temporalAddress()}: ${reasonOf(error)}`,
      'Start it (docs/getting-started.md), or set TEMPORAL_ADDRESS and what belongs to it: docs/production.md',
    );
  }
}

async function checkNamespace(temporal: Client): Promise<Verdict> {
  const { namespace } = temporal.options;
  try {
    const { config } = await inTime(temporal, withinMs, () =>
      temporal.workflowService.describeNamespace({ namespace }),
    );
    const hours = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 3_600;
    return ok('namespace', `${namespace}${hours > 0 ? `, keeps histories for ${hours} h` : ''}`);
  } catch (error) {
    return failed(
      'namespace',
      `${namespace}: ${reasonOf(error)}`,
      `Set TEMPORAL_NAMESPACE, or: temporal operator namespace create --namespace ${namespace}`,
    );
  }
}

async function checkSearchAttributes(temporal: Client): Promise<Verdict> {
  const check = 'search attributes';
  const names = Object.values(searchAttributes);
  const fix = names
    .map((name) => `temporal operator search-attribute create --name ${name} --type Keyword`)
    .join(' && ');
  try {
    const { customAttributes } = await inTime(temporal, withinMs, () =>
      temporal.connection.operatorService.listSearchAttributes({ namespace: temporal.options.namespace }),
    );
    const missing = names.filter((name) => !(name in customAttributes));
    if (missing.length === 0) return ok(check, 'are registered');
    return warning(check, `${missing.join(', ')} not registered; the worker does so where it may`, fix);
  } catch (error) {
    return warning(check, `cannot be listed: ${reasonOf(error)}`, fix);
  }
}

/** A module that was taken out of the configuration while its workflows were running. */
async function checkLeftOver(temporal: Client, modules: readonly string[]): Promise<Verdict[]> {
  const running = await inTime(temporal, withinMs, () => runningModules(temporal)).catch(() => []);
  return running
    .filter((module) => !modules.includes(module))
    .map((module) =>
      warning(
        `module ${module}`,
        'is not configured, but workflows of it are running',
        `Configure it again, or: temporal workflow cancel --query 'ZohoModule="${module}"' --reason removed, and ` +
          `temporal schedule delete --schedule-id catch-up/${module} and reconcile/${module}`,
      ),
    );
}

async function checkWorker(temporal: Client): Promise<Verdict> {
  try {
    const { count, lastMs } = await workersSeen(temporal);
    if (lastMs === undefined)
      return failed(
        'worker',
        `nobody asks for work on ${TASK_QUEUE}`,
        'Start one: zoho-mirror start, or npm run worker',
      );
    const seconds = Math.max(0, Math.round((Date.now() - lastMs) / 1_000));
    return ok(
      'worker',
      `${count} on ${TASK_QUEUE}, last seen ${seconds} s ago; one that was killed is seen for ${freshPollMs / 1_000} s`,
    );
  } catch (error) {
    return failed('worker', reasonOf(error), 'Try again in a while');
  }
}
