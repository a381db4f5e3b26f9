// A mutant's replacement in the text of its file. Never writes into the product.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutants';

/** The broken text. Throws when what it replaces is not there as often as it says. */
export function broken(root: string, { name, file, find, replace, times = 1 }: Mutant): string {
  const parts = readFileSync(join(root, file), 'utf8').split(find);
  if (parts.length - 1 !== times)
    throw new Error(
      `Mutant "${name}" is out of date: ${file} has ${parts.length - 1} times, not ${times}: ${find}`,
    );
  return parts.join(replace);
}
