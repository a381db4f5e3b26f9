// `zoho-mirror reconcile Leads`: starts Reconcile, follows it to its end, and says what differs.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Command } from 'commander';
import { workflowIds, type ReconcileStatus } from '../contracts';
import { startReconcile } from '../temporal';
import { follow } from './follow';
import { reachTemporal, requireModule, runCommand, type ExitCode } from './frame';
import { printAnswer } from './print';

interface ReconcileOptions {
  repair: boolean;
  fields: boolean;
  json: boolean;
}

export const addReconcile = (program: Command): void =>
  void program
    .command('reconcile')
    .description('Compares a module with its table; exit code 1 when differences are left')
    .argument('[module]', 'API name of the module', 'Leads')
    .option('--repair', 'write what differs', false)
    .option('--fields', 'compare every mapped field, not only id and Modified_Time', false)
    .option('--json', 'print the result as one JSON object', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI:
  temporal workflow execute --task-queue zoho-mirror --type Reconcile \\
    --workflow-id reconcile/Leads --input '{"module":"Leads","repair":true,"fields":true}' --static-summary 'Compares Leads'`,
    )
    .action((module: string, options: ReconcileOptions) =>
      runCommand(async (frame) => {
        requireModule(frame, module);
        await reachTemporal(frame);
        const { repair, fields } = options;
        await startReconcile(frame.temporal, { module, repair, fields }).catch(explain(module));
        const workflowId = workflowIds.reconcile(module);
        const result = await follow<ReconcileStatus>(frame.temporal, workflowId, { describe });
        printAnswer(result, report(result), options);
        return unrepaired(result) > 0 ? (1 satisfies ExitCode) : 0;
      }),
    );

const explain =
  (module: string) =>
  (error: unknown): never => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new Error(
      `${workflowIds.reconcile(module)} is running already; see \`zoho-mirror status ${module}\``,
    );
  };

const unrepaired = ({ missing, extra, stale, repaired }: ReconcileStatus): number =>
  missing + extra + stale - repaired;

const describe = ({ module, phase, pages, page }: ReconcileStatus): string =>
  `${module}: ${phase}${page ? `, page ${Math.max(pages, page.number)} (${page.rows} rows)` : ''}`;

const shownIds = 5;

function report(result: ReconcileStatus): string[] {
  const { module, compared, missing, extra, stale, foreign, rejected, repaired, pending, samples } = result;
  const found = missing + extra + stale;
  const named = Object.entries(samples).filter(([, ids]) => ids.length > 0);
  return [
    `${module}: ${compared} records compared, ${found === 0 ? 'no difference' : `${found} differ, ${repaired} repaired`}`,
    ...(found > 0 ? [`  ${missing} missing, ${extra} extra, ${stale} stale`] : []),
    ...(foreign > 0 ? [`  ${foreign} rows that are not the mirror's`] : []),
    ...(rejected > 0 ? [`  ${rejected} records that the table cannot take`] : []),
    ...(pending > 0 ? [`  ${pending} changed meanwhile`] : []),
    ...named.map(
      ([kind, ids]) => `  ${kind}: ${ids.slice(0, shownIds).join(', ')}${ids.length > shownIds ? ', …' : ''}`,
    ),
    `  ${result.credits} API credits, ${result.seconds} s`,
  ];
}
