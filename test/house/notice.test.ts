// The last line of `npm test`: whether SQL Server was among what was tested.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { built } from '../support/built';

const notice = async (env: Record<string, string>): Promise<string> =>
  execFileSync(process.execPath, [join(await built(), '..', 'scripts', 'mssql-notice.js')], {
    env,
    encoding: 'utf8',
  });

test('without TEST_MSSQL_URL one line says that the SQL Server suite did not run, and how to run it', async () => {
  expect(await notice({})).toBe(
    'The SQL Server suite did not run: set TEST_MSSQL_URL and run npm run test:mssql\n',
  );
  expect(await notice({ TEST_MSSQL_URL: 'mssql://sa:hunter2@127.0.0.1/x' })).toBe(
    'The SQL Server suite is separate: npm run test:mssql\n',
  );
});

test('it is the last thing that `npm test` says', () => {
  const { scripts } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts.test).toMatch(/ && node dist\/scripts\/mssql-notice\.js$/);
});
