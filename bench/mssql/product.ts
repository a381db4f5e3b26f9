// What a bench takes from inside the database room: how it connects, and its dialect, to look at from outside what it does.
/* eslint-disable @typescript-eslint/no-restricted-imports */
export { connectMssql, mssqlDialect, mssqlSettings } from '../../src/db/mssql';
export { createDatabase } from '../../src/db/store';
