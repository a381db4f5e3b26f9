// The flags of the demo.
import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  records: number;
  edits: number;
  kills: number;
  seed: number;
  target?: string;
  /** Free ones where none is given. */
  temporalPort?: number;
  uiPort?: number;
  crmPort?: number;
  apiPort?: number;
  keep: boolean;
  json: boolean;
}

const whole = (least: number) => (text: string) => {
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  throw new InvalidArgumentError(`give a whole number from ${least}`);
};

export const parseDemoOptions = (argv: readonly string[]): DemoOptions =>
  new Command('npm run demo --')
    .description(
      'The whole story on this machine: a sync that starts, loads, is shot dead, gets up again, follows live edits, and proves that both sides are equal.',
    )
    .option('--records <number>', 'leads in the pretended CRM', whole(100), 20_000)
    .option('--edits <number>', 'creates, edits and deletes while it runs', whole(0), 300)
    .option('--kills <number>', 'how often the worker is killed in the middle of a page', whole(0), 2)
    .option('--seed <number>', 'seed of the records and of the edits', whole(0), 1)
    .option('--target <url>', 'LEGACY_DB of a database for this alone, instead of a new SQLite file')
    .option(
      '--temporal-port <number>',
      'port of Temporal (default: a free one, like the next three)',
      whole(1),
    )
    .option('--ui-port <number>', "port of Temporal's Web UI", whole(1))
    .option('--crm-port <number>', 'port of the pretended CRM', whole(1))
    .option('--api-port <number>', 'port of the API', whole(1))
    .option('--keep', 'leave everything running until Ctrl-C', false)
    .option('--json', 'print the report as one JSON object on the last line', false)
    // As with `zoho-mirror`: 1 is bad news, 2 is that it could not run.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(argv as string[])
    .opts<DemoOptions>();
