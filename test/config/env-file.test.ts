// The file of variables beside the environment: who wins, and what is said when it cannot be read.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadEnvFile } from '../../src/config';

const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-env-'));

test('the environment wins, an empty variable counts as unset on both sides, and the rest comes from the file', () => {
  const file = join(folder, 'mirror.env');
  writeFileSync(file, "ZOHO_DC=eu\nPORT=\nPUBLIC_URL='https://file'\nexport LOG_LEVEL=debug\n");
  const env: Record<string, string | undefined> = {
    MIRROR_ENV_FILE: file,
    ZOHO_DC: '',
    PUBLIC_URL: 'https://environment',
  };
  loadEnvFile(env);
  expect(env).toEqual({
    MIRROR_ENV_FILE: file,
    ZOHO_DC: 'eu',
    PUBLIC_URL: 'https://environment',
    LOG_LEVEL: 'debug',
  });
});

test('a file that is named must be there, and one that is there must be readable', () => {
  const trouble = (file: string): unknown => {
    try {
      return loadEnvFile({ MIRROR_ENV_FILE: file });
    } catch (error) {
      return error instanceof ConfigError && error.lines;
    }
  };
  expect(trouble(join(folder, 'nowhere.env'))).toEqual([
    `The file of variables ${join(folder, 'nowhere.env')} does not exist. Name another by --env or MIRROR_ENV_FILE`,
  ]);
  // Root may read everything but a folder.
  expect(trouble(folder)).toEqual([expect.stringContaining('cannot be read (EISDIR)')]);
});
