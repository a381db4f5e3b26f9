// The database: within reach, of a version that will do, and with every right that a first start and a load need. Leaves nothing behind.
import { changesSince, inWords, mappingFor, targetTable, type Catalog } from '../../activities';
import type { Config, ModuleConfig } from '../../config';
import { DatabaseError, SchemaMismatchError, type Database, type TableReport } from '../../db';
import type { Mapping } from '../../mirror';
import { failed, ok, reasonOf, skipped, warning, type Verdict } from './verdict';

export async function checkReach(db: Database): Promise<Verdict> {
  try {
    return ok('database', await db.server());
  } catch (error) {
    const fix =
      error instanceof DatabaseError && error.verdict === 'retry'
        ? 'Look whether the server runs and this machine reaches it'
        : 'Mend LEGACY_DB, the login or its rights: docs/sql-server.md';
    return failed('database', reasonOf(error), fix);
  }
}

export async function checkTables(
  db: Database,
  config: Config,
  mappings: ReadonlyMap<string, Mapping>,
): Promise<Verdict[]> {
  const own = await checkOwnTables(db);
  if (own.verdict === 'failed') return [own];
  const verdicts = [own];
  for (const [module, settings] of Object.entries(config.modules)) {
    const mapping = mappings.get(module);
    verdicts.push(
      mapping === undefined
        ? skipped(`table ${settings.table}`, `the fields of ${module} are not known`)
        : await checkTable(db, settings, mapping),
    );
  }
  return verdicts;
}

/** What a change of the configuration, or of Zoho's fields, will do when a worker starts. */
export async function checkChanges(
  db: Database,
  catalog: Catalog,
  modules: readonly string[],
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const module of modules) {
    const state = await db.state(module);
    if (state.watermark === undefined) continue;
    const changes = changesSince(state, await catalog.draft(module));
    if (changes.length === 0) continue;
    const follows = changes.some(({ reloads }) => reloads)
      ? 'a worker that starts loads the module again'
      : 'a worker that starts goes by it; nothing is loaded again';
    verdicts.push(
      warning(
        `changes of ${module}`,
        `since the last load: ${inWords(changes)}; ${follows}`,
        `See first what that does: zoho-mirror sync ${module} --dry-run, and docs/upgrades.md`,
      ),
    );
  }
  return verdicts;
}

async function checkOwnTables(db: Database): Promise<Verdict> {
  const check = "the mirror's tables";
  try {
    const pending = await db.pendingMigrations();
    await db.rehearse([]);
    return ok(check, pending.length === 0 ? 'are there' : 'can be made; the worker does so when it starts');
  } catch (error) {
    return failed(check, reasonOf(error), 'Give the login the rights that docs/sql-server.md lists');
  }
}

async function checkTable(db: Database, settings: ModuleConfig, mapping: Mapping): Promise<Verdict> {
  const check = `table ${settings.table}`;
  try {
    const [report] = await db.rehearse([targetTable(settings, await mappingFor(db, settings, mapping))]);
    return ok(check, describe(report!));
  } catch (error) {
    const fix =
      error instanceof SchemaMismatchError
        ? 'Run the SQL that is named, or set `schema: extend`'
        : 'Give the login the rights that docs/sql-server.md lists';
    return failed(check, reasonOf(error), fix);
  }
}

function describe({ created, added, widened, notes = [] }: TableReport): string {
  if (created) return 'can be made; the first load does so';
  const changes = [
    ...(added.length > 0 ? [`${added.length} columns can be added`] : []),
    ...(widened.length > 0 ? [`${widened.length} columns can be widened`] : []),
  ];
  const remarks = [...changes, ...notes.map(({ text }) => text)];
  return remarks.length === 0 ? 'can be written' : `can be written; ${remarks.join(', ')}`;
}
