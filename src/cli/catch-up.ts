// `zoho-mirror catch-up Leads`: asks for a catch-up, and follows it unless told otherwise.
import type { Command } from 'commander';
import { workflowIds, type LoadStatus } from '../contracts';
import { requestCatchUp } from '../temporal';
import { follow, sayBegun } from './follow';
import { reachTemporal, requireModule, runCommand } from './frame';
import { printAnswer } from './print';

interface CatchUpOptions {
  since?: string;
  detach: boolean;
  json: boolean;
}

export const addCatchUp = (program: Command): void =>
  void program
    .command('catch-up')
    .description('Reads everything that changed since the watermark, or since a given time')
    .argument('[module]', 'API name of the module', 'Leads')
    .option('--since <time>', 'ISO 8601 with an offset, such as 2026-01-31T08:00:00Z')
    .option('--detach', 'ask for it and return', false)
    .option('--json', 'print the result as one JSON object', false)
    .addHelpText(
      'after',
      `
The same with the Temporal CLI:
  temporal workflow start --task-queue zoho-mirror --type CatchUpSync \\
    --workflow-id catch-up/Leads --input '{"module":"Leads","since":"2026-01-31T08:00:00Z"}' --static-summary 'Reads what changed in Leads'`,
    )
    .action((module: string, options: CatchUpOptions) =>
      runCommand(async (frame) => {
        requireModule(frame, module);
        const since = options.since === undefined ? {} : { since: instantOf(options.since) };
        await reachTemporal(frame);
        const { temporal } = frame;
        const workflowId = workflowIds.catchUp(module);
        await requestCatchUp(temporal, module, since);
        if (options.detach) {
          await sayBegun(temporal, workflowId, 'asked for');
          return 0;
        }
        const result = await follow<LoadStatus>(temporal, workflowId, { describe });
        printAnswer(result, [describe(result)], options);
        return 0;
      }),
    );

/** The workflow would refuse what is no time, but a running one only ignores it; and nothing has changed in the future. */
function instantOf(text: string): string {
  const ms = /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms))
    throw new Error(
      `--since ${text} is no time. Allowed: ISO 8601 with an offset, such as 2026-01-31T08:00:00Z`,
    );
  if (ms > Date.now()) throw new Error(`--since ${text} is in the future. Allowed: a time that has passed`);
  return text;
}

const describe = ({ module, phase, since, counts, watermark }: LoadStatus): string =>
  `${module}: ${phase}${since ? `, since ${since}` : ''}, ${counts.read} read, ${counts.inserted} inserted, ` +
  `${counts.updated} updated, ${counts.deleted} deleted${watermark ? `, complete up to ${watermark}` : ''}`;
