// What a bench takes from inside the database room: how it connects, how it spells types, and its dialect, to see from outside what it does.
/* eslint-disable @typescript-eslint/no-restricted-imports -- the room's door hides what only a measurement has to look at */
export { connectMssql, mssqlDialect, mssqlSettings } from '../../src/db/mssql';
export { spell } from '../../src/db/mssql/schema';
export { createDatabase } from '../../src/db/store';
