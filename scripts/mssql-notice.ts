// Says plainly which suite `npm test` did not run.
process.stdout.write(
  process.env.TEST_MSSQL_URL
    ? 'The SQL Server suite is separate: npm run test:mssql\n'
    : 'The SQL Server suite did not run: set TEST_MSSQL_URL and run npm run test:mssql\n',
);
