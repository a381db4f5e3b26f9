// A dress rehearsal of a first start. Tables that are there are in use: they are looked at, and neither written, locked nor changed. Those
// that are missing are made, in one transaction that is always taken back.
import type { Knex } from 'knex';
import type { Dialect } from '../dialect';
import { ownColumns } from '../layout';
import type { Ledger } from '../own/ledger';
import { migrateWithin, pendingSteps } from '../own/migrations';
import type { TableReport, TargetTable } from '../target';
import { ensureTable, foresee, inspectTable } from './ensure';

class Rehearsed extends Error {}

interface Parts {
  dialect: Dialect;
  ledger: Ledger;
  tables: readonly TargetTable[];
}

export async function rehearse(knex: Knex, { dialect, ledger, tables }: Parts): Promise<TableReport[]> {
  const reports: TableReport[] = [];
  const missing: TargetTable[] = [];
  for (const table of tables) {
    const { report } = foresee(await inspectTable(knex, { dialect, ledger, table }));
    if (report.created) missing.push(table);
    reports.push(report);
  }
  if (missing.length > 0 || (await pendingSteps(knex, dialect)).length > 0)
    await tryToMake(knex, { dialect, ledger, tables: missing });
  return reports;
}

async function tryToMake(knex: Knex, { dialect, ledger, tables }: Parts): Promise<void> {
  try {
    await dialect.exclusively(knex, async (trx) => {
      await migrateWithin(trx, dialect);
      for (const table of tables) {
        await ensureTable(trx, { dialect, ledger, table });
        await tryRights(trx, dialect, table);
      }
      throw new Rehearsed();
    });
  } catch (error) {
    if (!(error instanceof Rehearsed)) throw error;
  }
}

/** A database asks for the right before it sees that there is no row to write. */
async function tryRights(trx: Knex.Transaction, dialect: Dialect, table: TargetTable): Promise<void> {
  const target = dialect.target(table.table);
  const key = dialect.quote(table.key);
  const none = `SELECT ${key} FROM ${target} WHERE 1 = 0`;
  await trx.raw(`INSERT INTO ${target} (${key}) ${none}`);
  for (const name of [...table.columns.map((column) => column.name), ...ownColumns(table)].slice(-1))
    await trx.raw(`UPDATE ${target} SET ${dialect.quote(name)} = NULL WHERE 1 = 0`);
  if (table.deletes === 'hard') await trx.raw(`DELETE FROM ${target} WHERE 1 = 0`);
}
