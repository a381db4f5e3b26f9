// What a user gets from `npm run build`, built anew when the sources are younger.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..', '..');

export async function built(): Promise<string> {
  const bundle = join(root, 'dist', 'workflow-bundle.js');
  if (!existsSync(bundle) || statSync(bundle).mtimeMs < newest(join(root, 'src')))
    await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root });
  return join(root, 'dist', 'src');
}

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs),
  );
