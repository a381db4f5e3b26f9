// `npm run test:mutants`: breaks a copy of the product in each of the ways of `mutants.ts`, and says who noticed. The product itself is
// never touched.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

const run = (folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, env: { ...process.env, ...env }, timeout: patienceMs, maxBuffer: 64 * 1024 * 1024 },
      (error, out, text) => resolve({ code: error ? Number(error.code ?? 1) : 0, text: out + text }),
    );
  });

/** Sources and tests with the mutant in them. Jest compiles only what it needs. */
function copyOf(mutant?: Mutant): string {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-mutant-'));
  for (const part of ['src', 'test', 'simulator', 'dev', 'demo', 'jest.config.js', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (mutant) writeFileSync(join(folder, mutant.file), broken(root, mutant));
  return folder;
}

/** The built product with the mutant in it. */
const builtCopyOf = (mutant?: Mutant): string =>
  builtCopy(root, mutant && { file: mutant.file, text: broken(root, mutant) });

async function byTest(
  folder: string,
  file: string,
  title: string,
  env?: Record<string, string>,
): Promise<Ran> {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  return run(folder, [jest, file, '--selectProjects', 'unit', '-t', title, '--forceExit'], env);
}

/** A test that ran and failed has noticed; one that could not run has not. */
const failedOne = ({ code, text }: Ran): boolean =>
  code === 1 && /^Tests: +[1-9]\d* failed/m.test(text) && !text.includes('Test suite failed to run');

/** Without a mutant: the control, in which nothing may be noticed. */
async function detect(detector: Detector, mutant?: Mutant): Promise<Verdict> {
  const built = detector.kind === 'chaos' || detector.kind === 'law-mssql';
  const folder = built ? builtCopyOf(mutant) : copyOf(mutant);
  try {
    switch (detector.kind) {
      case 'law':
      case 'pages': {
        const { kind } = detector;
        const ran = await byTest(folder, `test/chaos/${kind}`, ' random ', { LAW_HISTORIES: `${histories}` });
        const seed = /history (\d+) \(/.exec(ran.text)?.[1];
        if (!mutant) return control(ran);
        return { caught: failedOne(ran) && seed !== undefined, by: `history ${seed} of the ${kind}` };
      }
      case 'law-mssql': {
        const args = ['dist/test/chaos/law-main.js', '--mssql', '--histories', `${mssqlHistories}`];
        const { code, text } = await run(folder, args);
        const seed = /history (\d+) FAILED/.exec(text)?.[1];
        if (!mutant) return { caught: code !== 0, by: 'a detector that fails without any mutant', text };
        return { caught: seed !== undefined, by: `history ${seed} of the law on SQL Server` };
      }
      case 'test': {
        const ran = await byTest(folder, detector.file, detector.title);
        if (!mutant) return control(ran);
        return { caught: failedOne(ran), by: `${detector.file}: ${detector.title.replaceAll('\\', '')}` };
      }
      case 'chaos': {
        for (const seed of detector.seeds) {
          const { text } = await run(folder, [
            'dist/test/chaos/main.js',
            '--start',
            `${seed}`,
            '--seeds',
            '1',
          ]);
          const rule = /FAILED: ([^:]+):/.exec(text)?.[1];
          if (rule) return { caught: true, by: `chaos seed ${seed}: ${rule}` };
        }
        return { caught: false, by: '' };
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const canRun = ({ kind }: Detector): boolean =>
  kind !== 'law-mssql' || (process.env.TEST_MSSQL_URL ?? '') !== '';

/** Anything but one passing test is as bad as a false alarm. */
const control = ({ code, text }: Ran): Verdict => ({
  caught: code !== 0 || !/^Tests: .*[1-9]\d* passed/m.test(text),
  by: 'a detector that fails, or does not run, without any mutant',
  text,
});

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
  const detectors = new Map(chosen.map(({ detector }) => [JSON.stringify(detector), detector]));
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
  await Promise.all([worker(), worker()]);
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
