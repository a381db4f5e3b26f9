// A copy of the built product with another text in one of its files: a mutant, or a build of a later release. The product is never touched.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';

/** @param change a TypeScript file by its path in the repository, and its whole text. Answers the folder that has `dist` in it. */
export function builtCopy(root: string, change?: { file: string; text: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-copy-'));
  for (const part of ['dist', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (!change) return folder;
  const { code } = transformSync(change.text, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  writeFileSync(join(folder, 'dist', change.file.replace(/\.ts$/, '.js')), code);
  // A worker runs the bundle.
  if (change.file.startsWith('src/workflows/'))
    execFileSync(process.execPath, [join('dist', 'scripts', 'bundle-workflows.js')], { cwd: folder });
  return folder;
}
