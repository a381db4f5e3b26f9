// The flags of the benches.
import { Command, InvalidArgumentError, Option } from 'commander';

export interface LoadOptions {
  records: number;
  target: string;
  rerun: boolean;
  json: boolean;
}

const whole = (text: string): number => {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number from 1');
};

export const parseLoadOptions = (argv: readonly string[]): LoadOptions =>
  new Command('npm run bench:load --')
    .description('Rows per second of a whole InitialSync, beside a raw loader on the same rows and machine.')
    .addOption(new Option('--records <number>', 'leads').argParser(whole).default(200_000))
    .option('--target <name>', 'sqlite, or a LEGACY_DB URL of an empty database', 'sqlite')
    .option('--rerun', 'load the unchanged data once more', false)
    .option('--json', 'print one JSON object on the last line', false)
    .parse([...argv])
    .opts<LoadOptions>();
