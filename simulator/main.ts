// The simulator as a process of its own; it prints one line when it is ready and ends on SIGTERM or SIGINT.
import { Command, InvalidArgumentError } from 'commander';
import { startSimulator } from './index';

function whole(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number.');
}

function snapshotMoment(text: string): 'creation' | 'completion' | 'mixed' {
  if (text === 'creation' || text === 'completion' || text === 'mixed') return text;
  throw new InvalidArgumentError('give creation, completion or mixed.');
}

const cannotRun = 2;

const program = new Command('npm run simulator --')
  .description(
    'A pretended Zoho CRM: client sim-client, secret sim-secret, refresh token sim-refresh, grant token sim-grant.',
  )
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 takes a free one', whole, 4000)
  .option('--records <number>', 'leads at the start', whole, 20_000)
  .option('--seed <number>', 'seed of the made-up records', whole, 1)
  .option('--page-rows <number>', 'rows of one Bulk Read page', whole, 5_000)
  .option('--job-delay <ms>', 'time from ADDED to COMPLETED', whole, 2_000)
  .option(
    '--snapshot <moment>',
    'when a job reads its rows: creation, completion or mixed',
    snapshotMoment,
    'creation',
  )
  .option('--time-zone <name>', 'zone that times are shown in', 'America/Los_Angeles')
  .option('--credits <number>', 'API credits of a day', whole, 5_000_000)
  .option('--concurrency <number>', 'calls at the same time', whole, 25)
  .option('--downloads <number>', 'Bulk Read downloads a minute', whole, 10)
  .option('--notify <ids>', 'most ids in one notification; 0 sends none', whole, 1)
  .option('--notify-delay <ms>', 'time from a change to its notification', whole, 50)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : cannotRun));

async function main(): Promise<void> {
  const options = program.parse().opts<{
    host: string;
    port: number;
    records: number;
    seed: number;
    pageRows: number;
    jobDelay: number;
    snapshot: 'creation' | 'completion' | 'mixed';
    timeZone: string;
    credits: number;
    concurrency: number;
    downloads: number;
    notify: number;
    notifyDelay: number;
  }>();
  const simulator = await startSimulator({
    host: options.host,
    port: options.port,
    records: options.records,
    seed: options.seed,
    pageRows: options.pageRows,
    jobDelayMs: options.jobDelay,
    snapshotAt: options.snapshot,
    timeZone: options.timeZone,
    creditsPerDay: options.credits,
    concurrency: options.concurrency,
    downloadsPerMinute: options.downloads,
    notify: options.notify > 0,
    notifyBatch: Math.max(1, options.notify),
    notifyDelayMs: options.notifyDelay,
  });
  const stop = (): void => {
    void simulator.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`simulator ready on ${simulator.url}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`simulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(cannotRun);
});
