#!/usr/bin/env node
// What people type. Each command does only what the Temporal CLI or a SQL client could do too, and its help shows how.
import { Command } from 'commander';
import { addCatchUp } from './catch-up';
import { addCheck } from './check';
import { loadEnvFile } from './env-file';
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
  .showHelpAfterError('(--help shows what is allowed)');

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

loadEnvFile();

/**
 * An open connection to Temporal would keep the process alive, and closing it under a call that is being retried throws out of a timer:
 * so it ends with the process, once everything has been printed.
 */
void program
  .parseAsync()
  .then(() => process.stderr.write('', () => process.stdout.write('', () => process.exit())));
