// The file `.env` of the working directory, which `setup` writes and every command reads. The environment itself always wins.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

export const envFile = '.env';

/** An empty variable counts as unset, in the file as in the environment. */
export function loadEnvFile(): void {
  if (!existsSync(envFile)) return;
  for (const [name, value] of Object.entries(parseEnv(readFileSync(envFile, 'utf8'))))
    if (value && !process.env[name]) process.env[name] = value;
}

/** For its owner only, also while it is being written. */
export function writeEnvFile(values: Readonly<Record<string, string>>): void {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoted(name, value)}`);
  const text = ['# Written by `zoho-mirror setup`. Holds secrets: never commit it.', ...lines, ''].join('\n');
  if (existsSync(envFile)) chmodSync(envFile, 0o600);
  writeFileSync(envFile, text, { mode: 0o600 });
}

/** As Node, systemd, Docker Compose and shells read it alike: nothing has a meaning between single quotes. */
function quoted(name: string, value: string): string {
  if (/^[\w.:/@%+=,-]*$/.test(value)) return value;
  if (/['\n\r]/.test(value))
    throw new Error(`${name} cannot be written to ${envFile}: it holds a quote or a line break`);
  return `'${value}'`;
}
