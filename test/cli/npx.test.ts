// `npx zoho-mirror` in the folder of the installation, without the network.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { built } from '../support/built';

const root = join(__dirname, '..', '..');
const run = (folder: string) => {
  const cache = mkdtempSync(join(tmpdir(), 'zoho-mirror-npx-'));
  return promisify(execFile)('npx', ['--offline', '--cache', cache, 'zoho-mirror', '--help'], {
    cwd: folder,
  });
};

test('npx runs the command of this folder, and fetches nothing', async () => {
  await built();
  expect((await run(root)).stdout).toMatch(/^Usage: zoho-mirror /);
});

test('before the first build it says what is missing', async () => {
  const fresh = mkdtempSync(join(tmpdir(), 'zoho-mirror-fresh-'));
  mkdirSync(join(fresh, 'bin'));
  for (const file of ['package.json', 'bin/zoho-mirror.js'])
    copyFileSync(join(root, file), join(fresh, file));
  await expect(run(fresh)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('zoho-mirror: not built yet. Build it: npm run build') as string,
  });
});
