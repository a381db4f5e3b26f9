// What `setup` leaves on the disk: secrets for their owner only, and nothing lost of what stood there before.
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnvFile } from '../../config';

type Values = Readonly<Record<string, string>>;

const head = '# Written by `zoho-mirror setup`. Holds secrets: never commit it.\n';
const ofOwnerOnly = 0o600;

export const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** The old text with these values: lines that need no change stay as they are, comments too. */
export function withValues(old: string, values: Values): string {
  const said = parseEnvFile(old);
  const open = new Map(Object.entries(values).filter(([name, value]) => value !== (said[name] ?? '')));
  const lines = (old === '' ? head : old.replace(/\n?$/, '\n')).split('\n').slice(0, -1);
  const kept = lines.map((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1];
    const value = name === undefined ? undefined : open.get(name);
    if (value === undefined) return line;
    open.delete(name!);
    return settingOf(name!, value);
  });
  const added = [...open].map(([name, value]) => settingOf(name, value));
  const text = [...kept, ...added, ''].join('\n');
  mustSay(text, { ...said, ...values });
  return text;
}

/** Which of the values the environment will go on hiding: it has others, and not from the old file. */
export function hiddenBy(env: NodeJS.ProcessEnv, old: string, values: Values): string[] {
  const said = parseEnvFile(old);
  return Object.keys(values).filter(
    (name) => env[name] && env[name] !== said[name] && env[name] !== values[name],
  );
}

/** For its owner only, also while it is being written; what was there is kept beside it. */
export function writeEnvFile(file: string, text: string): void {
  if (existsSync(file)) {
    const backup = freeBackup(file);
    copyFileSync(file, backup);
    chmodSync(backup, ofOwnerOnly);
    chmodSync(file, ofOwnerOnly);
  }
  writeFileSync(file, text, { mode: ofOwnerOnly });
}

/** `.env.bak`, and `.env.bak.2` where that is there: a copy is never written over. */
function freeBackup(file: string): string {
  for (let n = 1; ; n += 1) {
    const backup = n === 1 ? `${file}.bak` : `${file}.bak.${n}`;
    if (!existsSync(backup)) return backup;
  }
}

/** As Node, systemd, Docker Compose and shells read it alike: nothing has a meaning between single quotes. */
function settingOf(name: string, value: string): string {
  if (/^[\w.:/@%+=,-]*$/.test(value)) return `${name}=${value}`;
  if (/['\n\r]/.test(value))
    throw new Error(`${name} cannot be written to a file of variables: it holds a quote or a line break`);
  return `${name}='${value}'`;
}

/** A value of several lines may hold what looks like a setting: rather nothing is written than something else. */
function mustSay(text: string, values: Values): void {
  const said = parseEnvFile(text);
  const names = Object.keys({ ...values, ...said });
  const wrong = names.filter((name) => (said[name] ?? '') !== (values[name] ?? ''));
  if (wrong.length > 0)
    throw new Error(
      `The file of variables cannot be changed line by line (look at ${wrong.join(', ')}). Move it away, then try again`,
    );
}
