// `zoho-mirror sync Leads`: starts InitialSync and follows it to its end; with --dry-run only says what it would do.
import type { Command } from 'commander';
import { workflowIds, type DryRunStatus, type LoadStatus } from '../contracts';
import { startDryRun, startInitialSync } from '../temporal';
import { follow, sayBegun } from './follow';
import { reachTemporal, requireModule, runCommand, type ExitCode, type Frame } from './frame';
import { printAnswer } from './print';

interface SyncOptions {
  dryRun: boolean;
  detach: boolean;
  json: boolean;
}

export const addSync = (program: Command): void =>
  void program
    .command('sync')
    .description('Loads a module completely, then keeps it equal')
    .argument('[module]', 'API name of the module', 'Leads')
    .option('--dry-run', 'write nothing: count what a load would insert, update, adopt and reject', false)
    .option('--detach', 'start it and return', false)
    .option('--json', 'print the result as one JSON object', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI:
  temporal workflow start --task-queue zoho-mirror --type InitialSync \\
    --workflow-id initial-sync/Leads --input '{"module":"Leads"}' --static-summary 'Loads Leads'
  temporal workflow execute --task-queue zoho-mirror --type DryRun \\
    --workflow-id dry-run/Leads --input '{"module":"Leads"}'`,
    )
    .action((module: string, options: SyncOptions) =>
      runCommand(async (frame) => {
        requireModule(frame, module);
        await reachTemporal(frame);
        return options.dryRun ? rehearse(frame, module, options) : load(frame, module, options);
      }),
    );

async function load({ temporal }: Frame, module: string, options: SyncOptions): Promise<ExitCode> {
  const workflowId = workflowIds.initialSync(module);
  const begun = await startInitialSync(temporal, module, `Loads ${module}`);
  if (options.detach) {
    await sayBegun(temporal, workflowId, begun);
    return 0;
  }
  const result = await follow<LoadStatus>(temporal, workflowId, { begun, describe });
  printAnswer(result, [describe(result)], options);
  return 0;
}

const describe = ({ module, phase, counts, pages }: LoadStatus): string =>
  `${module}: ${phase}, ${pages} pages, ${counts.read} read, ${counts.inserted} inserted, ${counts.updated} updated, ` +
  `${counts.unchanged} unchanged, ${counts.deleted} deleted, ${counts.rejected} rejected`;

/** Exit code 1 when a load could not start. */
async function rehearse({ temporal }: Frame, module: string, options: SyncOptions): Promise<ExitCode> {
  const workflowId = workflowIds.dryRun(module);
  const begun = await startDryRun(temporal, module);
  if (options.detach) {
    await sayBegun(temporal, workflowId, begun);
    return 0;
  }
  const result = await follow<DryRunStatus>(temporal, workflowId, { begun, describe: progressOf });
  printAnswer(result, report(result), options);
  return result.ready ? 0 : 1;
}

const progressOf = ({ module, phase, pages, counts }: DryRunStatus): string =>
  `${module}: dry run, ${phase}, ${pages} pages, ${counts.read} read`;

function report(result: DryRunStatus): string[] {
  const { module, table, ready, findings = [], rejectedBy, samples, counts } = result;
  const line = (count: number, what: string): string[] => (count > 0 ? [`  ${count} ${what}`] : []);
  const by = Object.entries(rejectedBy).map(([column, n]) => `${column === '' ? 'unreadable' : column} ${n}`);
  const some = (ids: readonly string[]): string =>
    ids.length > 0 ? `, such as ${ids.slice(0, 5).join(', ')}` : '';
  return [
    `${module}: nothing was written. ${table} ${ready ? 'can be loaded' : 'cannot be loaded yet'}; of ${counts.read} records`,
    `  ${result.inserted} would be inserted`,
    `  ${result.updated} would be updated, ${result.unchanged} stay as they are`,
    ...line(
      result.adopted,
      `rows that are there would be adopted${result.matched > 0 ? `, ${result.matched} of them found by \`match\`` : ''}`,
    ),
    ...line(
      result.ambiguous,
      `could be more than one old row, or share theirs, and would be inserted beside them${some(samples.ambiguous)}`,
    ),
    ...line(result.rejected, `would be rejected (${by.join(', ')})${some(samples.rejected)}`),
    ...line(result.foreign, `rows of the table are not Zoho's and stay as they are${some(samples.foreign)}`),
    ...line(result.unseen, 'live rows are not in the export and would be re-read'),
    ...findings.flatMap(({ text, statements }) => [`  ${text}`, ...statements.map((one) => `    ${one};`)]),
    '  Constraints and triggers of the table were not tried',
  ];
}
