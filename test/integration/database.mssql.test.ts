// The database suite on the SQL Server that TEST_MSSQL_URL names, in tables of its own.
import { openDatabase } from '../../src/db';
import { connectMssql, mssqlSettings } from '../../src/db/mssql';
import type { Opened } from './database-kit';
import { describeDatabase } from './database-suite';
import { testUrl } from './mssql-server';

async function open(): Promise<Opened> {
  const url = testUrl();
  const beside = connectMssql(mssqlSettings(url));
  const db = await openDatabase(url);
  return {
    db,
    another: () => openDatabase(url),
    sql: async (statement) => (await beside.raw(statement)) as Record<string, unknown>[],
    close: async () => {
      await beside.destroy();
      await db.close();
    },
  };
}

describeDatabase('SQL Server', open, 25);
