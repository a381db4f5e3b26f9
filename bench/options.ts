// The flags of the benches.
import { Command, InvalidArgumentError, Option } from 'commander';

export interface LoadOptions {
  records: number;
  target: string;
  rerun: boolean;
  json: boolean;
}

export interface LatencyOptions {
  /** Changes a second, one measurement each. */
  rates: number[];
  seconds: number;
  records: number;
  json: boolean;
}

const whole = (text: string): number => {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number from 1');
};

const wholes = (text: string): number[] => text.split(',').map((part) => whole(part.trim()));

export const parseLoadOptions = (argv: readonly string[]): LoadOptions =>
  new Command('npm run bench:load --')
    .description('Rows per second of a whole InitialSync, beside a raw loader on the same rows and machine.')
    .addOption(new Option('--records <number>', 'leads').argParser(whole).default(200_000))
    .option('--target <name>', 'sqlite, or a LEGACY_DB URL of an empty database', 'sqlite')
    .option('--rerun', 'load the unchanged data once more', false)
    .option('--json', 'print one JSON object on the last line', false)
    .parse([...argv])
    .opts<LoadOptions>();

export const parseLatencyOptions = (argv: readonly string[]): LatencyOptions =>
  new Command('npm run bench:latency --')
    .description('How long a change in the CRM takes to be a committed row, at several rates of change.')
    .addOption(
      new Option('--rates <list>', 'changes a second').argParser(wholes).default([1, 20, 100], '1,20,100'),
    )
    .addOption(new Option('--seconds <number>', 'how long each rate is kept up').argParser(whole).default(60))
    .addOption(new Option('--records <number>', 'leads in the pretended CRM').argParser(whole).default(5_000))
    .option('--json', 'print one JSON object on the last line', false)
    .parse([...argv])
    .opts<LatencyOptions>();

export const parseCsvOptions = (argv: readonly string[]): { records: number; json: boolean } =>
  new Command('npm run bench:csv --')
    .description('Rows per second of the CSV reader, beside csv-parse on the same text.')
    .addOption(new Option('--records <number>', 'leads in the page').argParser(whole).default(20_000))
    .option('--json', 'print one JSON object on the last line', false)
    .parse([...argv])
    .opts<{ records: number; json: boolean }>();

/** What `bench:mssql` measures, in this order. */
export const mssqlParts = ['ceiling', 'load', 'rerun', 'changed', 'readers', 'knex', 'peers'] as const;
export type MssqlPart = (typeof mssqlParts)[number];

export interface MssqlOptions {
  records: number;
  target: string;
  only: MssqlPart[];
  json: boolean;
}

const parts = (text: string): MssqlPart[] =>
  text.split(',').map((name) => {
    const part = mssqlParts.find((one) => one === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`give some of ${mssqlParts.join(',')}`);
    return part;
  });

export const parseMssqlOptions = (argv: readonly string[]): MssqlOptions =>
  new Command('npm run bench:mssql --')
    .description(
      'Rows per second of a whole InitialSync into SQL Server, beside what the wire takes and what one would use instead, in one run.',
    )
    .addOption(new Option('--records <number>', 'leads').argParser(whole).default(200_000))
    .addOption(
      new Option(
        '--target <url>',
        'LEGACY_DB of a database for this alone: its tables Leads, bench_… and zoho_mirror.… are dropped',
      )
        .env('TEST_MSSQL_URL')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--only <parts>', `some of ${mssqlParts.join(',')}; the others rest on load`)
        .argParser(parts)
        .default([...mssqlParts], 'all'),
    )
    .option('--json', 'print one JSON object on the last line', false)
    .parse([...argv])
    .opts<MssqlOptions>();
