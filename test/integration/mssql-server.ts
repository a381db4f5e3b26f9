// The SQL Server that the tests may write to.
export function testUrl(): string {
  const url = process.env.TEST_MSSQL_URL;
  if (url === undefined || url === '')
    throw new Error(
      'TEST_MSSQL_URL is not set: it names the SQL Server that this suite may write to, in the form of LEGACY_DB',
    );
  return url;
}
