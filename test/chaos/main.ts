// `npm run test:chaos`: histories one after the other or side by side, and what became of them. A failing seed prints its story.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { playHistory, type Outcome } from './history';
import { makeTemplate } from './world';

const whole = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number.');
};

interface Options {
  seeds: number;
  start: number;
  parallel: number;
  story: boolean;
  json: boolean;
  product: string;
}

const program = new Command('npm run test:chaos --')
  .description(
    'Random histories of a CRM beside a real mirror: edits, deletions, faults and kills. In the end, and all the way, the table must not miss, resurrect or invent anything.',
  )
  .option('--seeds <number>', 'how many histories', whole, 3)
  .option('--start <seed>', 'the first seed; a failing one is replayed by --start <seed> --seeds 1', whole, 1)
  .option('--parallel <number>', 'histories at the same time: most of one is waiting', whole, 3)
  .option('--story', 'print what happens, as it happens', false)
  .option('--json', 'print the figures as one JSON object on the last line', false)
  .option('--product <folder>', 'the built product', join(__dirname, '..', '..', 'src'));

async function main(): Promise<void> {
  const options = program.parse().opts<Options>();
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-chaos-'));
  try {
    const template = await makeTemplate(folder);
    const outcomes = await playAll(options, template);
    const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((all, one) => all + of(one), 0);
    const figures = {
      seeds: outcomes.length,
      failed: outcomes.filter(({ failures }) => failures.length > 0).map(({ seed }) => seed),
      faults: sum(({ faults }) => faults),
      kills: sum(({ kills }) => kills),
      changes: sum(({ changes }) => changes),
      seconds: Math.round((Date.now() - began) / 1_000),
    };
    say(
      `${figures.seeds} histories, ${figures.changes} changes, ${figures.faults} faults, ${figures.kills} kills, ${figures.seconds} s; ` +
        (figures.failed.length === 0 ? 'every table equals its CRM' : `failed: ${figures.failed.join(', ')}`),
    );
    if (options.json) say(JSON.stringify(figures));
    process.exitCode = figures.failed.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function playAll(
  { seeds, start, parallel, story, product }: Options,
  template: string,
): Promise<Outcome[]> {
  const waiting = Array.from({ length: seeds }, (_, index) => start + index);
  const outcomes: Outcome[] = [];
  const player = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const outcome = await playHistory(seed, {
        product: { entry: product },
        template,
        ...(story ? { tell: say } : {}),
      });
      outcomes.push(outcome);
      report(outcome, story);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, player));
  return outcomes.sort((a, b) => a.seed - b.seed);
}

function report(outcome: Outcome, told: boolean): void {
  const { seed, failures, changes, faults, kills, seconds } = outcome;
  const failed = failures.length > 0;
  say(
    `seed ${seed}: ${failed ? 'FAILED' : 'ok'}, ${changes} changes, ${faults} faults, ${kills} kills, ${seconds} s`,
  );
  if (!failed) return;
  if (!told) for (const line of outcome.story) say(line);
  say(`logs and databases: ${outcome.folder}`);
  say(`again: npm run test:chaos -- --start ${seed} --seeds 1 --story`);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
