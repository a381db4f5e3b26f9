// Which column a database names as the one at fault; never what stood in it.
import { classifyMssql } from '../../src/db/mssql/errors';
import { classifySqlite } from '../../src/db/sqlite/errors';

const check =
  'The INSERT statement conflicted with the CHECK constraint "CK_Name". The conflict occurred in database "Legacy", ' +
  `table "dbo.Leads", column 'Last_Name'.`;

test.each([
  [547, check, 'Last_Name'],
  [547, check.replace('CHECK', 'FOREIGN KEY'), undefined],
  [547, check.replace(`, column 'Last_Name'`, ''), undefined],
  [
    515,
    `Cannot insert the value NULL into column 'Email', table 'Legacy.dbo.Leads'; column does not allow nulls.`,
    'Email',
  ],
  [2627, `Violation of UNIQUE KEY constraint 'UQ'. The duplicate key value is (column 'Email').`, undefined],
])('SQL Server %i: %s', (number, message, column) => {
  const verdict = classifyMssql(Object.assign(new Error(message), { number }));
  expect([verdict.kind, verdict.column]).toEqual(['row', column]);
});

test.each([
  ['SQLITE_CONSTRAINT_UNIQUE', 'UNIQUE constraint failed: Leads.Email', 'Email'],
  ['SQLITE_CONSTRAINT_UNIQUE', 'UNIQUE constraint failed: Leads.Email, Leads.Company', undefined],
  ['SQLITE_CONSTRAINT_CHECK', 'CHECK constraint failed: a.b', undefined],
])('SQLite %s: %s', (code, message, column) => {
  const verdict = classifySqlite(Object.assign(new Error(message), { code }));
  expect([verdict.kind, verdict.column]).toEqual(['row', column]);
});
