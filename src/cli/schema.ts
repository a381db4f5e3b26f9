// `zoho-mirror schema check|print|apply`: what the tables need, as findings, as SQL, or done. Adds and widens only.
import type { Command } from 'commander';
import { Catalog, sharedStores } from '../activities';
import { loadConfig, type Config } from '../config';
import { openDatabase, SchemaMismatchError, type Database, type Finding, type TargetTable } from '../db';
import { createZoho } from '../zoho';
import { runGuarded, type ExitCode } from './frame';
import { printAnswer, printLine, printProgress } from './print';

interface SchemaOptions {
  json: boolean;
}

interface Wanted {
  db: Database;
  tables: TargetTable[];
  /** Steps of the mirror's own tables that are still to be done. */
  pending: string[];
}

type Action = (wanted: Wanted, options: SchemaOptions) => Promise<ExitCode>;

const byHand = `
The same with SQL:
  SELECT column_name, data_type, character_maximum_length, is_nullable FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'Leads'
and then whatever \`zoho-mirror schema print\` prints.`;

export function addSchema(program: Command): void {
  const schema = program
    .command('schema')
    .description('Looks at the target tables, prints the SQL that they need, or runs it')
    .addHelpText('after', byHand);
  const add = (name: string, about: string, action: Action): void =>
    void schema
      .command(name)
      .description(about)
      .argument('[module]', 'API name of one module; default: all that are configured')
      .option('--json', 'print one JSON object', false)
      .addHelpText('after', byHand)
      .action((module: string | undefined, options: SchemaOptions) =>
        runGuarded(() => withTables(module, (wanted) => action(wanted, options))),
      );
  add(
    'check',
    'Lists all that is missing, too narrow or in the way; exit code 1 when a load could not start',
    check,
  );
  add(
    'print',
    "Prints the SQL that is missing, the mirror's own tables included, for whoever has the right",
    print,
  );
  add('apply', 'Adds and widens what is missing, also in tables that were there before', apply);
}

async function withTables(
  module: string | undefined,
  work: (wanted: Wanted) => Promise<ExitCode>,
): Promise<ExitCode> {
  const config = loadConfig(process.env);
  const modules = module === undefined ? Object.keys(config.modules) : [module];
  const db = await openDatabase(config.legacyDb);
  try {
    const pending = await db.pendingMigrations();
    return await work({
      db,
      pending,
      tables: await draftTables(config, { db, modules, fresh: pending.length > 0 }),
    });
  } finally {
    await db.close();
  }
}

async function draftTables(
  config: Config,
  from: { db: Database; modules: readonly string[]; fresh: boolean },
): Promise<TargetTable[]> {
  const { modules, fresh } = from;
  const zoho = createZoho({ ...config.zoho, ...(fresh ? {} : sharedStores(from.db)) });
  // Without its own tables the mirror remembers nothing yet.
  const state: Database['state'] = async (of) => ({ module: of, droppedFields: [] });
  const catalog = new Catalog({ config, zoho, db: fresh ? { ...from.db, state } : from.db });
  try {
    const tables: TargetTable[] = [];
    for (const one of modules) tables.push((await catalog.draft(one)).table);
    return tables;
  } finally {
    await zoho.close();
  }
}

const check: Action = async ({ db, tables, pending }, options) => {
  const modules: object[] = [];
  const lines: string[] =
    pending.length === 0 ? [] : [`the mirror's own tables: ${pending.join(', ')} to be done`];
  let ok = true;
  for (const table of tables) {
    const { exists, mode, findings } = await db.inspectTable(table);
    const inTheWay = findings.filter(({ kind, blocks }) => blocks && (kind === 'person' || mode === 'check'));
    ok &&= inTheWay.length === 0;
    modules.push({ module: table.module, table: table.table, exists, mode, findings });
    lines.push(`${table.module}: ${table.table} ${summary(findings, inTheWay.length > 0)}`);
    for (const { text, statements } of findings)
      lines.push(`  ${text}`, ...statements.map((statement) => `    ${statement};`));
  }
  printAnswer({ ok, pending, modules }, lines, options);
  return ok ? 0 : 1;
};

function summary(findings: readonly Finding[], inTheWay: boolean): string {
  if (findings.length === 0) return 'is as it should be';
  return inTheWay ? 'cannot be loaded yet' : 'can be loaded';
}

const print: Action = async ({ db, tables }, options) => {
  const statements = await db.ownTablesSql();
  const noSql: string[] = [];
  for (const table of tables)
    for (const finding of (await db.inspectTable(table)).findings)
      if (finding.statements.length > 0) statements.push(...finding.statements);
      else noSql.push(finding.text);
  printAnswer(
    { statements },
    statements.map((statement) => `${statement};`),
    options,
  );
  for (const text of noSql) printProgress(`no SQL mends this: ${text}`);
  if (statements.length + noSql.length === 0) printProgress('nothing is missing, so there is nothing to run');
  return 0;
};

const apply: Action = async ({ db, tables, pending }, options) => {
  await db.migrate();
  const modules: object[] = [];
  const lines = pending.map((step) => `done: ${step}`);
  let ok = true;
  for (const table of tables) {
    try {
      const report = await db.ensureTable({ ...table, schema: 'extend' });
      modules.push({ module: table.module, ...report });
      const { created, added, widened, notes = [] } = report;
      const changes = [
        ...(created ? ['created'] : []),
        ...added.map((column) => `added ${column}`),
        ...widened.map((column) => `widened ${column}`),
      ];
      lines.push(
        `${table.table}: ${changes.join(', ') || 'nothing to do'}`,
        ...notes.map(({ text }) => `  ${text}`),
      );
    } catch (error) {
      if (!(error instanceof SchemaMismatchError)) throw error;
      ok = false;
      modules.push({ module: table.module, findings: error.findings, statements: error.statements });
      lines.push(
        `${table.table}: not changed, because some of it needs a person`,
        ...error.findings.map((text) => `  ${text}`),
        ...error.statements.map((statement) => `    ${statement};`),
      );
    }
  }
  if (options.json) printAnswer({ ok, modules }, [], options);
  else for (const line of lines) printLine(line);
  return ok ? 0 : 1;
};
