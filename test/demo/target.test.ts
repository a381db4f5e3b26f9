// A demo into a SQLite file that is there.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTarget } from '../../demo/target';
import { describeTarget } from './target';

describeTarget(async () => {
  const url = `sqlite:${join(mkdtempSync(join(tmpdir(), 'zoho-mirror-demo-')), 'target.db')}`;
  return {
    url,
    sql: async (statement) => {
      const database = connectTarget(url);
      await database.raw(statement);
      await database.destroy();
    },
  };
});
