// docs/architecture.md draws the arrows that the linter holds.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/documented';

interface Arrows {
  imports: string[];
  types?: string[];
}

// The linter's configuration is a module of its own kind, which Jest does not load.
const arrows = JSON.parse(
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { arrows } from './eslint.config.mjs'; console.log(JSON.stringify(arrows));`,
    ],
    { cwd: root, encoding: 'utf8' },
  ),
) as Record<string, Arrows>;

/** `a, b`, `nothing`, `a; of b only the types`, `every room but a and b`. */
function meant(cell: string, room: string): { imports: string[]; types: string[] } {
  const names = (text: string): string[] => text.split(/, | and /).sort();
  const [, but] = /^every room but (.*)$/.exec(cell) ?? [];
  const others = Object.keys(arrows).filter((other) => other !== room);
  if (but !== undefined)
    return { imports: others.filter((other) => !names(but).includes(other)).sort(), types: [] };
  const [, imports = cell, types] = /^(.*); of (.*) only the types$/.exec(cell) ?? [];
  return { imports: imports === 'nothing' ? [] : names(imports), types: types ? names(types) : [] };
}

test('the table of rooms in docs/architecture.md is what eslint.config.mjs allows', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` +\| [^|]+ \| ([^|]+?) +\|$/gm)];
  const drawn = rows.map(([, room, cell]) => [room, meant(cell!, room!)]);
  const held = Object.entries(arrows).map(([room, { imports, types = [] }]) => [
    room,
    { imports: [...imports].sort(), types: [...types].sort() },
  ]);
  expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(held));
});
