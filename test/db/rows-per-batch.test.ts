// How many rows a transaction of a load has, where nobody has said.
import { mssqlDialect } from '../../src/db/mssql';
import { sqliteDialect } from '../../src/db/sqlite';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

test('the defaults are those that the page of the configuration names', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'configuration.md'), 'utf8');
  const [mssql, sqlite] = [mssqlDialect, sqliteDialect].map(({ rowsPerBatch }) =>
    rowsPerBatch.toLocaleString('en'),
  );
  expect(page).toContain(`default: ${mssql} on SQL Server, ${sqlite} on SQLite`);
});
