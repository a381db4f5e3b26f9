// Names of tables and columns come from the configuration and from Zoho's metadata; as SQL they are names and nothing else.
import fc from 'fast-check';
import { DatabaseError } from '../../src/db';
import * as mssql from '../../src/db/mssql/schema';
import * as sqlite from '../../src/db/sqlite/schema';

const hostile = [
  'a] INT); DROP TABLE Leads; --',
  'a" INT); DROP TABLE Leads; --',
  "a'; DROP TABLE Leads; --",
  'a`b',
  'a;b',
  'a\nb',
  'a\u0000b',
  'a?b',
  'a:b',
  'a.b.c',
  '',
  ' a',
  'x'.repeat(129),
  // Look-alikes that some code pages turn into quotes.
  'a\uFF02b',
  'a\uFF3Db',
];

describe.each([
  ['SQL Server', mssql.quote, mssql.target, /^\[[^\][]+\]$/],
  ['SQLite', sqlite.quote, sqlite.target, /^"[^"]+"$/],
])('%s', (_dialect, quote, target, quoted) => {
  test.each(hostile)('%j is refused as a name, and not repeated', (name) => {
    expect(() => quote(name)).toThrow(DatabaseError);
    expect(() => target(`dbo.${name}`)).toThrow(
      'A table or column name has characters other than letters, digits, blank, _ $ # @ -',
    );
  });

  test('whatever a name is, it stays inside its quotes or is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (name) => {
        let sql: string;
        try {
          sql = quote(name);
        } catch (error) {
          return error instanceof DatabaseError;
        }
        return quoted.test(sql) && sql.slice(1, -1) === name;
      }),
      { numRuns: 2_000 },
    );
  });

  test('names of an old application pass', () => {
    expect(quote('Straße Nr 1_$#@-')).toContain('Straße Nr 1_$#@-');
  });
});
