#!/usr/bin/env node
// What people type. Each command does only what the Temporal CLI or a SQL client could do too, and its help shows how.
import { Command } from 'commander';
import { addCheck } from './check';
import { addStatus } from './status';
import { addSync } from './sync';

const program = new Command('zoho-mirror')
  .description('Keeps SQL Server tables equal to Zoho CRM modules.')
  .showHelpAfterError('(--help shows what is allowed)');

for (const add of [addSync, addStatus, addCheck]) add(program);

void program.parseAsync();
