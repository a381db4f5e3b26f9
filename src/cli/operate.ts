// `zoho-mirror pause`, `resume` and `renew`: the updates that running workflows take from an operator.
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { Command } from 'commander';
import { queries, updates, workflowIds, type ChannelStatus, type Phase, type Status } from '../contracts';
import {
  holdNotifications,
  inTime,
  pauseSchedules,
  resumeSchedules,
  runningWorkflows,
  workersSeen,
} from '../temporal';
import { messageOf, reachTemporal, requireModule, runCommand, type Frame } from './frame';
import { printAnswer } from './print';

interface JsonOption {
  json: boolean;
}

export function addOperate(program: Command): void {
  addPause(program);
  addResume(program);
  addRenew(program);
}

type Reached = Status & { workflowId: string };

const addPause = (program: Command): void =>
  void program
    .command('pause')
    .description('Holds a module, or one workflow, before the next step')
    .argument('<target>', 'a module, or a workflow id such as initial-sync/Leads')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
A module: its workflows stop, notified changes wait, and its schedules for catching up and comparing start nothing, until \`resume\`. Nothing
is lost by it; but the notification channel is not renewed meanwhile, and a pause of many days lets it expire.
What you start yourself meanwhile (\`sync\`, \`catch-up\`, \`reconcile\`) runs.
A workflow id: that workflow alone. What a schedule or a notification starts goes on.

The same with the Temporal CLI:
  temporal workflow update execute --workflow-id initial-sync/Leads --name pause
  temporal schedule toggle --schedule-id catch-up/Leads --pause --reason "…"
  temporal schedule toggle --schedule-id reconcile/Leads --pause --reason "…"`,
    )
    .action((target: string, options: JsonOption) =>
      runCommand(async (frame) => {
        const module = moduleIn(frame, target);
        await reachTemporal(frame);
        const workflows = await updateAll(frame, target, updates.pause);
        if (module !== undefined && frame.config.publicUrl !== undefined)
          workflows.push(...(await holdNotified(frame, module, workflows)));
        const schedules = module === undefined ? [] : await pauseSchedules(frame.temporal, module);
        answer(target, { workflows, schedules }, options, {
          workflow: ({ phase }) => `paused${atRest.has(phase) ? '' : `, after the step in hand (${phase})`}`,
          schedule: 'paused: it starts nothing',
        });
        return 0;
      }),
    );

const addResume = (program: Command): void =>
  void program
    .command('resume')
    .description('Lets a module, or one workflow, go on after a pause, and tries at once what is degraded')
    .argument('<target>', 'a module, or a workflow id such as initial-sync/Leads')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
A schedule goes on if \`zoho-mirror pause\` has paused it; one that was paused otherwise stays so, and \`zoho-mirror status\` shows it.

The same with the Temporal CLI:
  temporal workflow update execute --workflow-id initial-sync/Leads --name resume
  temporal schedule toggle --schedule-id catch-up/Leads --unpause --reason "…"
  temporal schedule toggle --schedule-id reconcile/Leads --unpause --reason "…"`,
    )
    .action((target: string, options: JsonOption) =>
      runCommand(async (frame) => {
        const module = moduleIn(frame, target);
        await reachTemporal(frame);
        const workflows = await updateAll(frame, target, updates.resume);
        const schedules = module === undefined ? [] : await resumeSchedules(frame.temporal, module);
        answer(target, { workflows, schedules }, options, {
          workflow: ({ lastError }) =>
            lastError === undefined ? 'goes on' : `tries again now what failed: ${lastError}`,
          schedule: 'goes on',
        });
        return 0;
      }),
    );

/** Undefined: the target is a workflow id. */
function moduleIn(frame: Frame, target: string): string | undefined {
  if (target.includes('/')) return undefined;
  requireModule(frame, target);
  return target;
}

const atRest: ReadonlySet<Phase> = new Set(['starting', 'waiting', 'paused', 'done']);

async function updateAll({ temporal }: Frame, target: string, name: string): Promise<Reached[]> {
  const reached: Reached[] = [];
  for (const workflowId of await idsOf(temporal, target)) {
    const status = await update<Status>(temporal, workflowId, name);
    if (status) reached.push({ workflowId, ...status });
  }
  return reached;
}

/**
 * All that may run of a module: also what a schedule has started, which has a time behind its id. The channel comes first: what waits for it
 * can go on when its own turn comes.
 */
async function idsOf(temporal: Client, target: string): Promise<string[]> {
  if (target.includes('/')) return [target];
  const listed = (await runningWorkflows(temporal)).filter(({ module }) => module === target);
  const { channelRenewal, ...others } = workflowIds;
  const fixed = [channelRenewal, ...Object.values(others)].map((idOf) => idOf(target));
  return [...new Set([...fixed, ...listed.map(({ workflowId }) => workflowId)])];
}

/** Notifications would start it, and not paused. */
async function holdNotified(
  { temporal }: Frame,
  module: string,
  workflows: readonly Reached[],
): Promise<Reached[]> {
  const workflowId = workflowIds.notificationSync(module);
  if (workflows.some((workflow) => workflow.workflowId === workflowId)) return [];
  if ((await workersSeen(temporal)).count === 0) throw noWorker(workflowId);
  try {
    const status = await inTime(temporal, answersWithinMs, () => holdNotifications(temporal, module));
    return [{ workflowId, ...status }];
  } catch (error) {
    throw new Error(`${workflowId} could not be paused (${messageOf(error)}). The others are: try again`);
  }
}

function answer(
  target: string,
  found: { workflows: readonly Reached[]; schedules: readonly string[] },
  options: JsonOption,
  say: { workflow: (status: Status) => string; schedule: string },
): void {
  const { workflows, schedules } = found;
  if (workflows.length + schedules.length === 0) throw new Error(`Nothing of ${target} is running`);
  printAnswer(
    found,
    [
      ...workflows.map(({ workflowId, ...status }) => `${workflowId}: ${say.workflow(status)}`),
      ...schedules.map((scheduleId) => `schedule ${scheduleId}: ${say.schedule}`),
    ],
    options,
  );
}

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
        const { health, channelId, expiresAt, lastError, notNotified } = channel;
        const trouble = health === 'ok' ? notNotified : `needs you: ${lastError}`;
        const line = trouble ?? `channel ${channelId} is alive until ${expiresAt}`;
        printAnswer(channel, [`${module}: ${line}`], options);
        return trouble === undefined ? 0 : 1;
      }),
    );

const answersWithinMs = 10_000;

/** An update that nobody takes would wait in Temporal, and take effect whenever a worker comes. */
async function expectWorker(temporal: Client, workflowId: string): Promise<void> {
  try {
    await inTime(temporal, answersWithinMs, () =>
      temporal.workflow.getHandle(workflowId).query(queries.status),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    throw noWorker(workflowId);
  }
}

const noWorker = (workflowId: string): Error =>
  new Error(`No worker answers for ${workflowId}, so nothing was asked of it. Start one: zoho-mirror start`);

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
