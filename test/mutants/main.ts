// `npm run test:mutants`: breaks a copy of the product in each of the ways of `mutants.ts`, and says who noticed. The product itself is
// never touched.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { findTemporalBinary } from '../../dev/temporal-binary';
import { builtCopy } from '../support/built-copy';
import { mutants, type Detector, type Mutant } from './mutants';
import { broken } from './patch';

const root = join(__dirname, '..', '..', '..');
const histories = 2_000;
/** Over a network each takes a second. */
const mssqlHistories = 50;
const patienceMs = 300_000;

interface Verdict {
  caught: boolean;
  by: string;
  /** What the detector printed, where that is worth reading. */
  text?: string;
}

interface Ran {
  code: number;
  text: string;
}

const run = (folder: string, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, timeout: patienceMs, maxBuffer: 64 * 1024 * 1024 },
      (error, out, text) => resolve({ code: error ? Number(error.code ?? 1) : 0, text: out + text }),
    );
  });

/** Without a mutant: the control, in which nothing may be noticed. */
async function detect(detector: Detector, mutant?: Mutant): Promise<Verdict> {
  const folder = builtCopy(root, mutant && { file: mutant.file, text: broken(root, mutant) });
  try {
    if (detector.kind === 'chaos') {
      for (const seed of detector.seeds) {
        const ran = await run(folder, ['dist/test/chaos/main.js', '--start', `${seed}`, '--seeds', '1']);
        const rule = /FAILED: (.+?): /.exec(ran.text)?.[1];
        if (rule || (!mutant && ran.code !== 0))
          return { ...ran, caught: true, by: `chaos seed ${seed}: ${rule}` };
      }
      return { caught: false, by: '' };
    }
    const target = detector.kind === 'law' ? [] : ['--mssql'];
    const count = detector.kind === 'law' ? histories : mssqlHistories;
    const ran = await run(folder, ['dist/test/chaos/law-main.js', ...target, '--histories', `${count}`]);
    const [, seed, why] = /history (\d+) FAILED: (.{1,80})/.exec(ran.text) ?? [];
    // What could not run at all has noticed nothing, and is no control.
    const caught = mutant ? seed !== undefined : ran.code !== 0;
    return { ...ran, caught, by: `history ${seed} of the ${['law', ...target].join(' ')}: ${why}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As controls need not try a seed twice. */
const apart = (detector: Detector): Detector[] =>
  detector.kind === 'chaos' ? detector.seeds.map((seed) => ({ ...detector, seeds: [seed] })) : [detector];

const canRun = ({ kind }: Detector): boolean =>
  kind !== 'law-mssql' || (process.env.TEST_MSSQL_URL ?? '') !== '';

async function main(): Promise<void> {
  const { only, json } = new Command('npm run test:mutants --')
    .description('Breaks a copy of the product in known ways. Every one has to be noticed.')
    .option('--only <text>', 'mutants whose name holds this text', '')
    .option('--json', 'print the figures as one JSON object on the last line', false)
    .parse()
    .opts<{ only: string; json: boolean }>();
  const began = Date.now();
  // The copies have no cache of their own to find it in.
  process.env.TEMPORAL_CLI_PATH ??= await findTemporalBinary(say);
  const wanted = mutants.filter(({ name }) => name.includes(only));
  const chosen = wanted.filter(({ detector }) => canRun(detector));
  for (const mutant of wanted)
    if (!chosen.includes(mutant)) say(`${mutant.name}: not run: needs TEST_MSSQL_URL`);
  const missed: string[] = [];
  const alone = chosen.flatMap(({ detector }) => apart(detector));
  const detectors = new Map(alone.map((detector) => [JSON.stringify(detector), detector]));
  const waiting: Mutant[] = [...chosen];
  const controls = [...detectors.values()];
  const worker = async (): Promise<void> => {
    for (let detector = controls.shift(); detector; detector = controls.shift()) {
      const { caught, by, text = '' } = await detect(detector);
      if (caught) throw new Error(`${by}: ${JSON.stringify(detector)}\n${text}`);
    }
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const { caught, by } = await detect(mutant.detector, mutant);
      if (!caught) missed.push(mutant.name);
      say(`${mutant.name}: ${caught ? `caught by ${by}` : 'NOT CAUGHT'}`);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  const seconds = Math.round((Date.now() - began) / 1_000);
  const notRun = wanted.length - chosen.length;
  say(`${chosen.length} mutants, ${missed.length} not caught, ${notRun} not run, ${seconds} s`);
  if (json) say(JSON.stringify({ mutants: chosen.length, missed, notRun, seconds }));
  process.exitCode = missed.length === 0 ? 0 : 1;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

main().catch((error: unknown) => {
  process.stderr.write(`mutants: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
