// Makes, extends or checks a target table. Adds and widens only; never narrows, renames or drops.
import type { Knex } from 'knex';
import type { Dialect } from '../dialect';
import { DatabaseError, SchemaMismatchError } from '../errors';
import type { Ledger } from '../own/ledger';
import type { Finding, TableInspection, TableReport, TargetTable } from '../target';
import { inspect, wantedColumns } from './inspect';

/** Everything that is to be said about a table. Changes nothing. */
export async function inspectTable(
  knex: Knex,
  parts: { dialect: Dialect; ledger: Ledger; table: TargetTable },
): Promise<TableInspection> {
  const { dialect, table } = parts;
  const actual = await dialect.describe(knex, table.table);
  if (actual === undefined) {
    const statements = dialect.createTable(table, wantedColumns(table));
    const text = `Table ${table.table} does not exist, or the login may not see it`;
    return {
      exists: false,
      mode: table.schema ?? 'extend',
      findings: [{ kind: 'add', blocks: true, text, statements }],
    };
  }
  const made = await madeTable(knex, parts);
  const facts = await dialect.facts(knex, table.table, table.key);
  const mode = table.schema ?? (made === table.table ? 'extend' : 'check');
  return { exists: true, mode, findings: inspect({ dialect, table, actual, facts, mode }) };
}

/** The table that the mirror made for the module; before its own tables are there it has made none. */
export async function madeTable(
  knex: Knex,
  { dialect, ledger, table }: { dialect: Dialect; ledger: Ledger; table: TargetTable },
): Promise<string | undefined> {
  const ownTables = await dialect.describe(knex, 'zoho_mirror.sync_state');
  return ownTables === undefined ? undefined : (await ledger.state(knex, table.module)).madeTable;
}

export async function ensureTable(
  trx: Knex.Transaction,
  parts: { dialect: Dialect; ledger: Ledger; table: TargetTable },
): Promise<TableReport> {
  const { dialect, ledger, table } = parts;
  const { changes, report } = foresee(await inspectTable(trx, parts));
  for (const change of changes) await applyChange(trx, dialect, change);
  if (report.created) await ledger.setMadeTable(trx, table.module, table.table);
  return report;
}

/** What ensuring the table comes to. Throws all that a person has to do first: who mends a table wants to do it in one go. */
export function foresee({ exists, mode, findings }: TableInspection): {
  changes: Finding[];
  report: TableReport;
} {
  const changes = mode === 'extend' ? findings.filter(({ kind }) => kind !== 'person') : [];
  const rest = findings.filter((finding) => !changes.includes(finding));
  if (rest.some(({ blocks }) => blocks)) throw mismatch(findings);
  if (!exists) return { changes, report: { created: true, added: [], widened: [] } };
  const namesOf = (kind: Finding['kind']) =>
    changes.flatMap((change) => (change.kind === kind && change.column ? [change.column] : []));
  const notes = rest.length > 0 ? { notes: rest } : {};
  return { changes, report: { created: false, added: namesOf('add'), widened: namesOf('widen'), ...notes } };
}

/** Throws what is in the way of a table by now. One that is no longer there is another matter: that is what a statement says. */
export async function examineTable(
  knex: Knex,
  parts: { dialect: Dialect; ledger: Ledger; table: TargetTable },
): Promise<void> {
  const { exists, findings } = await inspectTable(knex, parts);
  if (exists && findings.some(({ blocks }) => blocks)) throw mismatch(findings);
}

async function applyChange(trx: Knex.Transaction, dialect: Dialect, change: Finding): Promise<void> {
  try {
    for (const statement of change.statements) await trx.raw(statement);
  } catch (error) {
    const { kind, means, code } = dialect.classify(error);
    if (kind === 'retry')
      throw new DatabaseError(
        'retry',
        `${change.text}, and the mirror could not change that yet: ${means} (${code}). It tries again`,
        code,
      );
    throw new SchemaMismatchError(
      [`${change.text}, and the mirror could not change that: ${means}`],
      change.statements,
    );
  }
}

const mismatch = (findings: readonly Finding[]): SchemaMismatchError =>
  new SchemaMismatchError(
    findings.map(({ text }) => text),
    findings.flatMap(({ statements }) => statements),
  );
