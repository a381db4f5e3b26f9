// A dress rehearsal: what a start would do to tables, done in one transaction that is always taken back. Leaves nothing behind.
import type { Knex } from 'knex';
import type { Dialect } from '../dialect';
import { ownColumns } from '../layout';
import type { Ledger } from '../own/ledger';
import { migrateWithin } from '../own/migrations';
import type { TableReport, TargetTable } from '../target';
import { ensureTable } from './ensure';

class Rehearsed extends Error {
  constructor(readonly reports: TableReport[]) {
    super('rehearsed');
  }
}

export async function rehearse(
  knex: Knex,
  parts: { dialect: Dialect; ledger: Ledger; tables: readonly TargetTable[] },
): Promise<TableReport[]> {
  const { dialect, ledger, tables } = parts;
  try {
    return await dialect.exclusively(knex, async (trx) => {
      await migrateWithin(trx, dialect);
      const reports: TableReport[] = [];
      for (const table of tables) {
        reports.push(await ensureTable(trx, { dialect, ledger, table }));
        await tryRights(trx, dialect, table);
      }
      throw new Rehearsed(reports);
    });
  } catch (error) {
    if (error instanceof Rehearsed) return error.reports;
    throw error;
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
