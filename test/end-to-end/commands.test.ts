// Every `temporal` and `zoho-mirror` command that the documents or a --help show does what it says, against a whole installation.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findTemporalBinary } from '../../dev/temporal-binary';
import { workflowIds } from '../../src/contracts';
import { zohoMirror } from '../cli/commands';
import { built } from '../support/built';
import { commandsOf, documentedCommands, mentionedCommands } from '../support/documented';
import { Town } from './town';

const commandNames = [
  ...['setup', 'check', 'schema', 'start', 'sync', 'status', 'reconcile', 'catch-up', 'pause', 'resume'],
  ...['renew', 'simulator', 'demo', 'schema check', 'schema print', 'schema apply'],
  ...['rejects list', 'rejects replay'],
];
const unending = /^(zoho-mirror (setup|start|status --watch)|temporal server start-dev)$/;

let town: Town;
let env: Record<string, string>;
const helpOf = new Map<string, string>();

beforeAll(async () => {
  town = await Town.open({ simulator: { records: 30, pageRows: 20, downloadsPerMinute: 1_000 } });
  env = { ...town.env, PATH: [await binFolder(), process.env.PATH].join(delimiter) };
  for (const name of [...commandNames, 'rejects', ''])
    helpOf.set(name, (await zohoMirror([...name.split(' ').filter(Boolean), '--help'], { env: {} })).out);
}, 180_000);
afterAll(async () => town?.close());

/** `temporal` and `zoho-mirror` as a person has them on the path. */
async function binFolder(): Promise<string> {
  const folder = join(town.folder, 'bin');
  mkdirSync(folder);
  symlinkSync(await findTemporalBinary(), join(folder, 'temporal'));
  const script = join(folder, 'zoho-mirror');
  writeFileSync(
    script,
    `#!/bin/sh\nexec "${process.execPath}" "${join(await built(), 'cli', 'main.js')}" "$@"\n`,
  );
  chmodSync(script, 0o755);
  return folder;
}

const run = (command: string): Promise<{ command: string; code: number; said: string }> =>
  new Promise((resolve) => {
    execFile('sh', ['-c', command], { env, cwd: town.folder, timeout: 60_000 }, (error, out, err) =>
      resolve({ command, code: error ? Number(error.code ?? 99) : 0, said: error ? out + err : '' }),
    );
  });

/** What the documents show and no other test runs, each once. */
function shown(): string[] {
  const inPages = documentedCommands().flatMap(({ command, notRun }) => (notRun ? [] : [command]));
  const inSentences = mentionedCommands().flatMap(({ command }) =>
    /^temporal [^…]+$/.test(command) ? [command] : [],
  );
  const inHelp = [...helpOf.values()].flatMap(commandsOf).filter((line) => line.startsWith('temporal '));
  const ours = [...inPages, ...inSentences, ...inHelp].filter((line) =>
    /^(temporal|zoho-mirror) /.test(line),
  );
  return [...new Set(ours)].filter((line) => !unending.test(line));
}

/** Nothing that one command has started is in the way of the next. */
async function quiet(): Promise<void> {
  for (const idOf of [workflowIds.catchUp, workflowIds.reconcile])
    await town.client.workflow
      .getHandle(idOf('Leads'))
      .result()
      .catch(() => undefined);
}

async function runAll(commands: readonly string[]): Promise<unknown[]> {
  const refused: unknown[] = [];
  for (const command of commands) {
    const { code, said } = await run(command);
    // Nor is there bad news about this mirror, so 1 is as wrong as 2.
    if (code !== 0) refused.push({ command, code, said });
    await quiet();
  }
  return refused;
}

test.each(commandNames)('the help of `%s` says how to do it without this command', (name) => {
  expect(helpOf.get(name)).toMatch(/\btemporal (workflow|operator)|\bnpm (run|start)|\bSELECT\b|\bcurl\b/);
});

test('every command of ours that a sentence mentions is there, with the options that are named', () => {
  const mentioned = mentionedCommands().flatMap(({ page, command }) => {
    const [, ours] = /^(?:zoho-mirror|npm run) (.*)$/.exec(command) ?? [];
    const words = (ours ?? '')
      .replace(/ -- /, ' ')
      .replace(/[[\]]|\|\w+/g, '')
      .split(/\s+/);
    const named = words.filter((word) => !word.startsWith('--'));
    const name = [named.slice(0, 2).join(' '), named[0] ?? ''].find((one) => helpOf.has(one));
    // Other scripts of npm.
    if (name === undefined && command.startsWith('npm ')) return [];
    return ours === undefined
      ? []
      : [{ page, command, name, options: words.filter((word) => word.startsWith('--')) }];
  });
  expect(mentioned.length).toBeGreaterThan(20);
  const unknown = mentioned.filter(
    ({ name, options }) =>
      name === undefined || options.some((option) => !helpOf.get(name)!.includes(option)),
  );
  expect(unknown).toEqual([]);
});

test('every command that is shown works', async () => {
  const commands = shown();
  expect(commands.length).toBeGreaterThan(20);
  const start = commands.find((line) => line.includes('--type InitialSync'))!;
  const load = town.client.workflow.getHandle(workflowIds.initialSync('Leads'));
  const ofTheLoad = (line: string): boolean =>
    line.includes('--workflow-id initial-sync/Leads') && line !== start;
  const last = (line: string): boolean => /\b(cancel|toggle)\b/.test(line);

  // Zoho holds the export back, so that there is a load to be looked at and steered.
  town.sim.jobs.hold();
  expect(await run(start)).toMatchObject({ code: 0 });
  expect(await runAll(commands.filter(ofTheLoad))).toEqual([]);
  town.sim.jobs.release();
  await load.result();

  const others = commands.filter((line) => line !== start && !ofTheLoad(line));
  expect(await runAll(others.filter((line) => !last(line)))).toEqual([]);
  expect(await runAll(others.filter(last))).toEqual([]);
}, 400_000);
