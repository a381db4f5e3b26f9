// The database suite on the SQL Server that TEST_MSSQL_URL names, in tables of its own.
import { describeDatabase } from './database-suite';
import { openMssql } from './mssql-server';

describeDatabase('SQL Server', openMssql, 25);
