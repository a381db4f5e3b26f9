// What people type. Each command does only what the Temporal CLI or a SQL client could do too, and its help shows how.
import { existsSync } from 'node:fs';
import { Command, type CommanderError } from 'commander';
import { envFile, loadEnvFile } from '../config';
import { addCatchUp } from './catch-up';
import { addCheck } from './check';
import { complain } from './frame';
import { addOperate } from './operate';
import { addReconcile } from './reconcile';
import { addRejects } from './rejects';
import { addDemo, addSimulator, addStart } from './run';
import { addSchema } from './schema';
import { addSetup } from './setup';
import { addStatus } from './status';
import { addSync } from './sync';

const program = new Command('zoho-mirror')
  .description('Keeps SQL Server tables equal to Zoho CRM modules.')
  .option('--env <file>', 'file of variables beside the environment (default: MIRROR_ENV_FILE, else .env)')
  .showHelpAfterError('(--help shows what is allowed)')
  .addHelpText(
    'after',
    `
Settings come from the environment and, where it says nothing, from that file: docs/configuration.md
Exit codes: 0 fine, 1 it ran and the answer is bad news, 2 it could not run. Each command's --help says what is bad news for it.`,
  )
  .exitOverride(leave)
  .hook('preAction', (_program, command) => readSettings(command));

for (const add of [
  addSetup,
  addCheck,
  addSchema,
  addStart,
  addSync,
  addStatus,
  addReconcile,
  addRejects,
  addCatchUp,
  addOperate,
  addSimulator,
  addDemo,
])
  add(program);

/** What commander has refused cannot run. */
function leave({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : 2);
}

/** What pretends has settings of its own. */
const withoutSettings = new Set(['simulator', 'demo']);

/** `setup` makes the file that others must find. */
function readSettings(command: Command): void {
  if (withoutSettings.has(command.name())) return;
  const { env: file } = program.opts<{ env?: string }>();
  if (file !== undefined) process.env.MIRROR_ENV_FILE = file;
  if (command.name() !== 'setup' || existsSync(envFile())) loadEnvFile();
}

/** Whoever reads has had enough: `zoho-mirror status | head -1`. */
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 2));

/**
 * An open connection to Temporal would keep the process alive, and closing it under a call that is being retried throws out of a timer:
 * so it ends with the process, once everything has been printed.
 */
void program
  .parseAsync()
  .catch((error: unknown) => void (process.exitCode = complain(error)))
  .then(() => process.stderr.write('', () => process.stdout.write('', () => process.exit())));
