// `npm run test:law`: any number of histories of the law of the merge alone, and as many damaged pages. Stops at the first that fails,
// and says which.
import { Command, InvalidArgumentError } from 'commander';
import { openLawBench } from './law';
import { playPage } from './pages';

const whole = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number.');
};

const program = new Command('npm run test:law --')
  .description(
    'Random histories of the law of the merge against SQLite, or the SQL Server that TEST_MSSQL_URL names, held against a model in memory, and of pages that are damaged on their way.',
  )
  .option('--histories <number>', 'how many', whole, 10_000)
  .option('--start <seed>', 'the first; a failing one is replayed by --start <seed> --histories 1', whole, 1)
  .option('--mssql', 'against SQL Server: a history takes much longer there', false)
  .option('--json', 'print the figures as one JSON object on the last line', false);

async function main(): Promise<void> {
  const { histories, start, mssql, json } = program
    .parse()
    .opts<{ histories: number; start: number; mssql: boolean; json: boolean }>();
  const began = Date.now();
  const bench = await openLawBench(mssql ? 'SQL Server' : 'SQLite');
  let played = 0;
  let failed: { seed: number; why: string } | undefined;
  for (let seed = start; seed < start + histories && !failed; seed += 1) {
    played += 1;
    try {
      await bench.play(seed);
      await playPage(seed);
    } catch (error) {
      failed = { seed, why: error instanceof Error ? error.message : String(error) };
    }
  }
  await bench.close();
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  process.stdout.write(
    failed
      ? `history ${failed.seed} FAILED: ${failed.why}\nagain: npm run test:law -- --start ${failed.seed} --histories 1${mssql ? ' --mssql' : ''}\n`
      : `${played} histories keep the law, as many pages are what they pass for, ${seconds} s\n`,
  );
  if (json)
    process.stdout.write(
      `${JSON.stringify({ histories: played, failed: failed ? [failed.seed] : [], seconds })}\n`,
    );
  process.exitCode = failed ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`law: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 2;
});
