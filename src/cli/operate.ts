// `zoho-mirror pause`, `resume` and `renew`: the updates that running workflows take from an operator.
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { Command } from 'commander';
import { queries, updates, workflowIds, type ChannelStatus, type Status } from '../contracts';
import { inTime } from '../temporal';
import { messageOf, reachTemporal, requireModule, runCommand, type Frame } from './frame';
import { printAnswer } from './print';

interface JsonOption {
  json: boolean;
}

export function addOperate(program: Command): void {
  addUpdate(program, 'pause', 'Stops a workflow, or all of a module, before the next step');
  addUpdate(program, 'resume', 'Goes on after a pause, and tries at once what is degraded');
  addRenew(program);
}

const addUpdate = (program: Command, name: 'pause' | 'resume', about: string): void =>
  void program
    .command(name)
    .description(about)
    .argument('<workflow>', 'workflow id, such as initial-sync/Leads, or a module')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI:
  temporal workflow update execute --workflow-id initial-sync/Leads --name ${name}`,
    )
    .action((target: string, options: JsonOption) =>
      runCommand(async (frame) => {
        const ids = idsOf(frame, target);
        await reachTemporal(frame);
        const reached: (Status & { workflowId: string })[] = [];
        for (const workflowId of ids) {
          const status = await update<Status>(frame.temporal, workflowId, updates[name]);
          if (status) reached.push({ workflowId, ...status });
        }
        if (reached.length === 0) throw new Error(`Nothing of ${target} is running`);
        printAnswer(
          { workflows: reached },
          reached.map(({ workflowId, phase, health }) => `${workflowId}: ${name}d, ${phase} (${health})`),
          options,
        );
        return 0;
      }),
    );

const addRenew = (program: Command): void =>
  void program
    .command('renew')
    .description('Renews the notification channel of a module at once; exit code 1 when that did not work')
    .argument('[module]', 'API name of the module', 'Leads')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI:
  temporal workflow update execute --workflow-id channel-renewal/Leads --name renewNow`,
    )
    .action((module: string, options: JsonOption) =>
      runCommand(async (frame) => {
        requireModule(frame, module);
        await reachTemporal(frame);
        const workflowId = workflowIds.channelRenewal(module);
        const channel = await update<ChannelStatus>(frame.temporal, workflowId, updates.renewNow);
        if (!channel) throw new Error(`${workflowId} is not running; a load of ${module} starts it`);
        const { health, channelId, expiresAt, lastError } = channel;
        const line =
          health === 'ok' ? `channel ${channelId} is alive until ${expiresAt}` : `needs you: ${lastError}`;
        printAnswer(channel, [`${module}: ${line}`], options);
        return health === 'ok' ? 0 : 1;
      }),
    );

function idsOf(frame: Frame, target: string): string[] {
  if (target.includes('/')) return [target];
  requireModule(frame, target);
  return Object.values(workflowIds).map((idOf) => idOf(target));
}

const answersWithinMs = 10_000;

/** An update that nobody takes would wait in Temporal, and take effect whenever a worker comes. */
async function expectWorker(temporal: Client, workflowId: string): Promise<void> {
  try {
    await inTime(temporal, answersWithinMs, () =>
      temporal.workflow.getHandle(workflowId).query(queries.status),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    throw new Error(
      `No worker answers for ${workflowId}, so nothing was asked of it. Start one: zoho-mirror start`,
    );
  }
}

/** Undefined when no such workflow is running. */
async function update<S>(temporal: Client, workflowId: string, name: string): Promise<S | undefined> {
  try {
    await expectWorker(temporal, workflowId);
    return await temporal.workflow.getHandle(workflowId).executeUpdate<S, []>(name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (error instanceof WorkflowUpdateFailedError && error.cause) throw new Error(messageOf(error.cause));
    throw error;
  }
}
