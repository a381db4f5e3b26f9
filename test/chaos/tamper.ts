// Somebody who writes into the table past the mirror. It leaves the mirror's own tables alone.
import Sqlite from 'better-sqlite3';
import type { Tampering } from './draw';

const statements: Readonly<Record<Tampering, (table: string, columns: string) => string>> = {
  'drop-row': (table) => `DELETE FROM ${table} WHERE id = @id`,
  'mark-deleted': (table) => `UPDATE ${table} SET zoho_deleted_at = zoho_observed_at WHERE id = @id`,
  'change-cell': (table) => `UPDATE ${table} SET Last_Name = 'By hand' WHERE id = @id`,
  'raise-time': (table) => `UPDATE ${table} SET zoho_modified_at = '2099-01-01T00:00:00Z' WHERE id = @id`,
  'lower-time': (table) => `UPDATE ${table} SET zoho_modified_at = '2001-01-01T00:00:00Z' WHERE id = @id`,
  'make-up-row': (table, columns) =>
    `INSERT INTO ${table} (id, ${columns}) SELECT @id + 1000000, ${columns} FROM ${table} WHERE id = @id`,
};

/** Answers the id of the row that is no longer what the mirror made of it. */
export function tamper(
  path: string,
  table: string,
  { share, how }: { share: number; how: Tampering },
): string | undefined {
  const sqlite = new Sqlite(path, { timeout: 10_000 });
  sqlite.defaultSafeIntegers(true);
  try {
    const live = sqlite
      .prepare(
        `SELECT id FROM ${table} WHERE zoho_observed_at IS NOT NULL AND zoho_deleted_at IS NULL ORDER BY id`,
      )
      .pluck()
      .all() as bigint[];
    const id = live[Math.floor(share * live.length)];
    if (id === undefined) return undefined;
    const names = sqlite.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
    const columns = names.filter((name) => name !== 'id').map((name) => `"${name}"`);
    sqlite.prepare(statements[how](table, columns.join(', '))).run({ id });
    return String(how === 'make-up-row' ? id + 1_000_000n : id);
  } finally {
    sqlite.close();
  }
}
