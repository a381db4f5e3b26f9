// The mirror's own tables as Knex migrations, numbered for ever. Never touches a target table, never drops anything.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';
import { DatabaseError } from '../../errors';
import { createOwnTables } from './0001-own-tables';
import { createSharedBudget } from './0002-shared-budget';
import { createLegacyTables } from './0003-legacy-tables';
import { createComparison } from './0004-comparison';
import { createPreview } from './0005-preview';
import { addLoadedAs } from './0006-loaded-as';
import { stepsAsSql, type WrittenStep } from './as-sql';

const steps: readonly WrittenStep[] = [
  { name: '0001-own-tables', up: createOwnTables },
  { name: '0002-shared-budget', up: createSharedBudget },
  { name: '0003-legacy-tables', up: createLegacyTables },
  { name: '0004-comparison', up: createComparison },
  { name: '0005-preview', up: createPreview },
  { name: '0006-loaded-as', up: addLoadedAs },
];

/** A list in code: a folder scan would also find what an older build left behind. */
const source = (dialect: Dialect): Knex.MigrationSource<WrittenStep> => ({
  getMigrations: async () => [...steps],
  getMigrationName: (step) => step.name,
  getMigration: async (step) => ({
    up: async (knex) => step.up(knex as Knex.Transaction, dialect),
    down: async () => {
      throw new Error('The mirror never takes a migration back');
    },
  }),
});

/**
 * All steps in one transaction behind the dialect's lock: a second process waits, a killed one leaves nothing.
 * Knex's own lock alone would not do: two processes that both find no tables race for creating them (knex/knex#3538).
 */
export async function migrate(knex: Knex, dialect: Dialect): Promise<void> {
  const pending = await pendingSteps(knex, dialect);
  if (pending.length === 0) return;
  try {
    await dialect.exclusively(knex, (trx) => migrateWithin(trx, dialect));
  } catch (error) {
    const { kind, means, code } = dialect.classify(error);
    if (error instanceof DatabaseError || kind !== 'permanent') throw error;
    throw new DatabaseError(
      'permanent',
      `The mirror's own tables lack ${pending.join(', ')}, and this login could not make them: ${means} (${code}). Somebody who may has to run what \`zoho-mirror schema print\` prints`,
      code,
    );
  }
}

/** In a transaction that the dialect's lock already guards. */
export async function migrateWithin(trx: Knex.Transaction, dialect: Dialect): Promise<void> {
  refuse(await doneSteps(trx, dialect));
  await trx.migrate.latest({ ...dialect.migrations, migrationSource: source(dialect) });
}

/** Reads only. */
export async function pendingSteps(knex: Knex, dialect: Dialect): Promise<string[]> {
  const done = await doneSteps(knex, dialect);
  refuse(done);
  return steps.map(({ name }) => name).filter((name) => !done.includes(name));
}

/** What is still to be done, as statements for somebody who may. */
export async function ownTablesSql(knex: Knex, dialect: Dialect): Promise<string[]> {
  const pending = await pendingSteps(knex, dialect);
  const todo = steps.filter(({ name }) => pending.includes(name));
  return todo.length === 0
    ? []
    : stepsAsSql(knex, dialect, { steps: todo, fresh: todo.length === steps.length });
}

async function doneSteps(knex: Knex, dialect: Dialect): Promise<string[]> {
  const { tableName, schemaName } = dialect.migrations;
  const schema = schemaName === undefined ? knex.schema : knex.schema.withSchema(schemaName);
  if (!(await schema.hasTable(tableName))) return [];
  const table = schemaName === undefined ? tableName : `${schemaName}.${tableName}`;
  return ((await knex(table).select('name')) as { name: string }[]).map(({ name }) => name);
}

function refuse(done: readonly string[]): void {
  if (done.some((name) => !steps.some((step) => step.name === name)))
    throw new DatabaseError(
      'permanent',
      'The database was set up by a newer version of the mirror: update this one',
    );
}
