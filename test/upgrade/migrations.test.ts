// Migrations let a worker of the build before go on: they only add, and what they add an older build need not know.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { noCounts } from '../../src/contracts';
import { openDatabase } from '../../src/db';
import { migrate } from '../../src/db/own/migrations';
import { connectSqlite, sqliteDialect } from '../../src/db/sqlite';
import { instant } from '../../src/mirror';

test('every step only adds tables, indexes and columns that may stay empty', async () => {
  const knex = connectSqlite(':memory:');
  const statements: string[] = [];
  knex.on('query', ({ sql }: { sql: string }) => statements.push(sql));
  await migrate(knex, sqliteDialect);
  await knex.destroy();
  const changes = statements.filter(
    (sql) =>
      /^\s*(create|alter|drop|update|delete|insert)/i.test(sql) && !sql.includes('zoho_mirror_migrations'),
  );
  expect(changes.length).toBeGreaterThan(5);
  const adds = /^create (unique )?(table|index)\b|^alter table \S+ add column (?!.*not null(?!.*default))/i;
  expect(changes.filter((sql) => !adds.test(sql))).toEqual([]);
});

describe('beside a database that a newer build has migrated', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-upgrade-'));
  const url = `sqlite:${join(folder, 'mirror.db')}`;
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What a step of a later release would do. */
  function migratedByNewer(): void {
    const db = new Sqlite(join(folder, 'mirror.db'));
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE name LIKE 'zoho_mirror%' AND type = 'table'")
      .all() as { name: string }[];
    for (const { name } of tables)
      if (!name.includes('migrations')) db.exec(`ALTER TABLE ${name} ADD COLUMN later TEXT`);
    db.exec('CREATE TABLE zoho_mirror_later (id INTEGER PRIMARY KEY)');
    db.exec(`INSERT INTO zoho_mirror_migrations (name, batch, migration_time)
             VALUES ('9999-later', 99, '2026-01-01')`);
    db.close();
  }

  test('a running worker goes on, and the older build does not start again', async () => {
    const running = await openDatabase(url);
    await running.migrate();
    migratedByNewer();
    await running.recordRun({
      runId: 'r',
      workflow: 'InitialSync',
      module: 'Leads',
      counts: noCounts(),
      outcome: 'running',
    });
    await running.writeToken('zoho', 'sealed');
    await running.writeSpent([{ process: 'p', minute: instant(0), credits: 1 }]);
    expect(await running.claim('right', 'p', 1_000)).toBe(0);
    expect(await running.lastRuns('Leads', 1)).toMatchObject([{ runId: 'r', outcome: 'running' }]);
    expect(await running.readToken('zoho')).toBe('sealed');
    await running.close();

    const started = await openDatabase(url);
    await expect(started.migrate()).rejects.toThrow(
      'The database was set up by a newer version of the mirror: update this one',
    );
    await started.close();
  });
});
