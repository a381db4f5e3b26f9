// `zoho-mirror start`, `simulator` and `demo`: each is a program of its own, started as what it is and given the signals that come here.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { runGuarded } from './frame';

/** The folder of what the build makes. */
const dist = join(__dirname, '..', '..');
/** As in package.json: a worker's memory stays bounded. */
const workerFlags = ['--max-semi-space-size=2', '--max-old-space-size=256'];
/** As in the image and the systemd unit: glibc gives large buffers back, where it would keep ever larger ones. Others take no notice. */
const thrifty = { MALLOC_MMAP_THRESHOLD_: '131072' };

const parts: Readonly<Record<string, { script: string; flags: readonly string[] }>> = {
  all: { script: 'src/start.js', flags: workerFlags },
  worker: { script: 'src/worker.js', flags: workerFlags },
  api: { script: 'src/api/main.js', flags: [] },
};

export function addStart(program: Command): void {
  program
    .command('start')
    .description('Runs the mirror until Ctrl-C or SIGTERM: worker and API in one process, or one of them')
    .argument('[part]', 'all, worker or api', 'all')
    .addHelpText(
      'after',
      `
The same with npm: npm start, npm run worker, npm run api. As a service: docs/production.md`,
    )
    .action((part: string) =>
      runGuarded(async () => {
        const found = parts[part];
        if (!found) throw new Error(`${part} is not valid. Allowed: ${Object.keys(parts).join(', ')}`);
        return run([...found.flags, join(dist, found.script)]);
      }),
    );
}

export const addSimulator = (program: Command): void =>
  addProgram(
    program,
    'simulator',
    'A pretended Zoho CRM to try the mirror against; --help lists its options',
  );

export const addDemo = (program: Command): void =>
  addProgram(
    program,
    'demo',
    'The whole story on this machine, against the simulator; --help lists its options',
  );

/** Its arguments are its own. */
function addProgram(program: Command, name: string, description: string): void {
  program
    .command(name)
    .description(description)
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) =>
      runGuarded(async () => {
        const script = join(dist, name, 'main.js');
        if (!existsSync(script)) throw new Error(`The ${name} is not part of this installation`);
        return run([script, ...command.args]);
      }),
    );
}

/** Ends as the program ends. */
async function run(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...thrifty, ...process.env } });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  // Ctrl-C in a terminal reaches the child by itself, since it is of the same group; this process only has to outlive it.
  process.on('SIGINT', (signal) => void (process.stdin.isTTY || passOn(signal)));
  process.on('SIGTERM', passOn);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
