// The file of variables beside the environment: `.env` of the working folder, or the one that MIRROR_ENV_FILE names. The environment itself
// always wins. Pure but for reading that file.
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config';

type Environment = Record<string, string | undefined>;

export const envFile = (env: Readonly<Environment> = process.env): string => env.MIRROR_ENV_FILE || '.env';

/** What a file of variables says; an empty variable counts as unset. */
export const parseEnvFile = (text: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parseEnv(text)).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );

/** Fills in what the environment does not say. Throws a ConfigError when the file is there, or is named, and cannot be read. */
export function loadEnvFile(env: Environment = process.env): void {
  const file = envFile(env);
  if (!env.MIRROR_ENV_FILE && !existsSync(file)) return;
  for (const [name, value] of Object.entries(parseEnvFile(readText(file)))) env[name] ||= value;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'does not exist. Name another'
        : `cannot be read (${code}). Give this user the right to read it, or name another`;
    throw new ConfigError([`The file of variables ${file} ${why} by --env or MIRROR_ENV_FILE`]);
  }
}
