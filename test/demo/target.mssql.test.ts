// A demo into the SQL Server that TEST_MSSQL_URL names.
import { beside, emptyDatabase, testUrl, type Beside } from '../integration/mssql-server';
import { describeTarget } from './target';

let owner: Beside;
beforeAll(() => (owner = beside()));
afterAll(async () => {
  await emptyDatabase(['Leads']);
  await owner.close();
});

describeTarget(async () => {
  await emptyDatabase(['Leads']);
  return { url: testUrl(), sql: owner.sql };
});
