// `zoho-mirror sync Leads`: starts InitialSync and follows it to its end.
import type { Command } from 'commander';
import { workflowIds, type LoadStatus } from '../contracts';
import { startInitialSync } from '../temporal';
import { follow } from './follow';
import { reachTemporal, requireModule, runCommand } from './frame';
import { printAnswer, printLine } from './print';

interface SyncOptions {
  detach: boolean;
  json: boolean;
}

export const addSync = (program: Command): void =>
  void program
    .command('sync')
    .description('Loads a module completely, then keeps it equal')
    .argument('[module]', 'API name of the module', 'Leads')
    .option('--detach', 'start it and return', false)
    .option('--json', 'print the result as one JSON object', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI:
  temporal workflow start --task-queue zoho-mirror --type InitialSync \\
    --workflow-id initial-sync/Leads --input '{"module":"Leads"}'`,
    )
    .action((module: string, options: SyncOptions) =>
      runCommand(async (frame) => {
        requireModule(frame, module);
        await reachTemporal(frame);
        await startInitialSync(frame.temporal, module, `Loads ${module}`);
        if (options.detach) {
          printLine(`started ${workflowIds.initialSync(module)}`);
          return 0;
        }
        const result = await follow<LoadStatus>(frame.temporal, workflowIds.initialSync(module), describe);
        printAnswer(result, [describe(result)], options);
        return 0;
      }),
    );

const describe = ({ module, phase, counts, pages }: LoadStatus): string =>
  `${module}: ${phase}, ${pages} pages, ${counts.read} read, ${counts.inserted} inserted, ${counts.updated} updated, ` +
  `${counts.unchanged} unchanged, ${counts.deleted} deleted, ${counts.rejected} rejected`;
