// That the mutants still apply; `npm run test:mutants` lets them loose.
import { join } from 'node:path';
import { mutants } from './mutants';
import { broken } from './patch';

const root = join(__dirname, '..', '..');

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'the mutant "%s" is current',
  (_name, mutant) => {
    expect(broken(root, mutant)).toContain(mutant.replace);
  },
);

test('every mutant has a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});
