// Zoho's types on the SQL Server that TEST_MSSQL_URL names.
import { openMssql } from './mssql-server';
import { describeRoundTrips } from './round-trips';

describeRoundTrips('SQL Server', openMssql);
