// The workflows as one file, bundled from their sources once and kept until one of them changes.
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = join(__dirname, '..', '..');
const sources = ['workflows', 'contracts'].map((room) => join(root, 'src', room));
const built = join(root, 'dist', 'workflow-bundle.js');
const quiet = () => undefined;

/** The path of a bundle that is younger than every source. */
export async function workflowBundle(): Promise<string> {
  const changedMs = Math.max(
    ...sources.flatMap((folder) => readdirSync(folder).map((file) => statSync(join(folder, file)).mtimeMs)),
  );
  if (existsSync(built) && statSync(built).mtimeMs > changedMs) return built;
  const kept = join(root, '.cache', 'tests', `workflow-bundle-${changedMs}.js`);
  if (existsSync(kept)) return kept;
  mkdirSync(join(root, '.cache', 'tests'), { recursive: true });
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'src', 'workflows', 'index.ts'),
    logger: {
      log: quiet,
      trace: quiet,
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (message) => {
        throw new Error(message);
      },
    },
  });
  writeFileSync(`${kept}.${process.pid}`, code);
  renameSync(`${kept}.${process.pid}`, kept);
  return kept;
}
