// What a server calls itself, and which servers are too old for the mirror's T-SQL.
import { DatabaseError } from '../../src/db';
import { serverName } from '../../src/db/mssql/version';

test.each([
  [
    'Microsoft SQL Server 2022 (RTM-CU14) (KB5038325) - 16.0.4135.4 (X64) \n\tJul 10 2024 14:09:09 \n\tCopyright (C) 2022',
    '16.0.4135.4',
    'Developer Edition (64-bit)',
    'Microsoft SQL Server 2022 (RTM-CU14) (KB5038325) 16.0.4135.4, Developer Edition (64-bit)',
  ],
  [
    'Microsoft SQL Server 2012 (SP4) (KB4018073) - 11.0.7001.0 (X64) \r\n\tAug 15 2017 10:23:29',
    '11.0.7001.0',
    'Standard Edition (64-bit)',
    'Microsoft SQL Server 2012 (SP4) (KB4018073) 11.0.7001.0, Standard Edition (64-bit)',
  ],
  [
    'Microsoft SQL Azure (RTM) - 12.0.2000.8 \n\tOct 2 2024 11:51:41',
    '12.0.2000.8',
    'SQL Azure',
    'Microsoft SQL Azure (RTM) 12.0.2000.8, SQL Azure',
  ],
  [
    'Babelfish for PostgreSQL with SQL Server Compatibility - 12.0.2000.8\nNov 24 2026 14:39:03',
    '12.0.2000.8',
    'Standard Edition',
    'Babelfish for PostgreSQL with SQL Server Compatibility 12.0.2000.8, Standard Edition',
  ],
])('%j is named', (banner, version, edition, name) => {
  expect(serverName({ banner, version, edition })).toBe(name);
});

test('a server older than 2012 is refused by name', () => {
  const old = {
    banner: 'Microsoft SQL Server 2008 R2 (SP3) - 10.50.6000.34 (X64) \n\tAug 19 2014 12:21:34',
    version: '10.50.6000.34',
    edition: 'Standard Edition (64-bit)',
  };
  const refusal = (() => {
    try {
      return serverName(old);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(DatabaseError);
  expect(refusal).toMatchObject({
    verdict: 'permanent',
    message:
      'Microsoft SQL Server 2008 R2 (SP3) 10.50.6000.34, Standard Edition (64-bit) is too old: the mirror needs SQL Server 2012 or a later one',
  });
});
