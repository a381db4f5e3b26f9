// The documents say what the code says: generated pages are current, and what the others name is there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import {
  configurationPage,
  errorsPage,
  metricsPage,
  moduleKeys,
  sectionKeys,
} from '../../scripts/generate-docs';
import { describeVariables, parseDuration } from '../../src/config';
import { dataCentres } from '../../src/config/environment';
import { fileSchema, moduleSchema } from '../../src/config/file';
import { errorTypes } from '../../src/contracts';
import { documentedCommands, mentionedCommands, pages, root } from '../support/documented';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found]) => found!);
const howToMend = 'npm run build && node dist/scripts/generate-docs.js';

test(`docs/errors.md is current (else: ${howToMend})`, () => {
  expect(read('docs/errors.md')).toBe(errorsPage());
});

test(`docs/configuration.md is current (else: ${howToMend})`, () => {
  expect(read('docs/configuration.md')).toBe(configurationPage());
});

test(`docs/metrics.md is current (else: ${howToMend})`, () => {
  expect(read('docs/metrics.md')).toBe(metricsPage());
});

test('every error type has one row in docs/errors.md, and every row is an error type', () => {
  expect(all(read('docs/errors.md'), /^\| `(\w+)`/gm).sort()).toEqual(Object.keys(errorTypes).sort());
});

test('every error type says what it means, what to do, and how to see that it is healed', () => {
  for (const [type, { means, operator, healed }] of Object.entries(errorTypes))
    for (const text of [means, operator, healed])
      expect([type, text]).toEqual([type, expect.stringMatching(/^.{10,}\.$/)]);
});

test('every error type is in the table of docs/architecture.md or docs/operations.md', () => {
  const text = read('docs/architecture.md') + read('docs/operations.md');
  expect(Object.keys(errorTypes).filter((type) => !text.includes(`\`${type}\``))).toEqual([]);
});

test('every environment variable has a row in docs/configuration.md', () => {
  const rows = all(read('docs/configuration.md'), /^\| `([A-Z_]+)`/gm);
  expect(rows).toEqual(describeVariables().map(({ name }) => name));
});

test('the documented YAML keys of a module are those that are read, with their defaults', () => {
  expect(moduleKeys.map(({ key }) => key).sort()).toEqual(Object.keys(moduleSchema.shape).sort());
  const defaults = moduleSchema.parse({}) as Record<string, unknown>;
  for (const { key, fallback } of moduleKeys)
    expect({ [key]: fallback === undefined ? undefined : (parseYaml(fallback) as unknown) }).toEqual({
      [key]: defaults[key],
    });
});

test('the documented YAML keys of the other sections are those that are read, with their defaults', () => {
  const { modules: _, ...sections } = fileSchema.parse({});
  const optional = {
    loading: { batchRows: undefined },
    limits: { dailyCredits: undefined, reserve: undefined },
  };
  const defaults = Object.entries({ ...sections, ...optional }).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, value]) => [`${section}.${key}`, value]),
  );
  const documented = sectionKeys.map(({ key, fallback }) => [key, fallback && parseDuration(fallback)]);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(defaults));
});

test('docs/zoho-setup.md lists every data centre with its two hosts', () => {
  const rows = [...read('docs/zoho-setup.md').matchAll(/^\| `(\w\w)` +\| `([^`]+)` +\| `([^`]+)`/gm)];
  const listed = rows.map(([, name, accounts, api]) => [
    name,
    { accounts: `https://${accounts}`, api: `https://${api}` },
  ]);
  expect(Object.fromEntries(listed)).toEqual(dataCentres);
});

describe.each(pages)('%s', (page) => {
  const text = read(page);

  test('links only to files that are there', () => {
    const links = all(text, /\]\((?!https?:|#)([^)#\s]+)/g);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  test('names only source files that are there', () => {
    const files = all(text, /`((?:bench|demo|dev|docs|scripts|simulator|src|test)\/[\w./-]+\.\w+)`/g);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('names only npm scripts that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(all(text, /npm run ([a-z][\w:-]*)/g).filter((name) => !(name in scripts))).toEqual([]);
  });
});

test('every configuration that the documents show is one that is read', () => {
  const shown = pages.flatMap((page) =>
    all(read(page), /```yaml\n(modules:[\s\S]*?)```/g).map((text) => ({ page, text })),
  );
  expect(shown.map(({ page }) => page)).toEqual(
    expect.arrayContaining(['docs/configuration.md', 'docs/existing-tables.md']),
  );
  for (const { page, text } of shown)
    expect([page, fileSchema.safeParse(parseYaml(text)).error?.issues]).toEqual([page, undefined]);
});

/** Commands that no test of their own runs, and who does. */
const runBy: readonly [command: RegExp, file: string, where: RegExp][] = [
  [/^npm ci$/, '.ci/run', /^npm ci/m],
  [/^npm test$/, '.ci/run', /^npm test$/m],
  [/^npm run test:chaos\b/, '.ci/run', /^npm run test:chaos/m],
  [/^npm run test:mutants$/, '.github/workflows/thorough.yml', /'test:mutants'/],
  [/^npm run demo\b/, '.ci/run', /^npm run demo/m],
  [/^npm run test:law\b/, 'test/chaos/law.test.ts', /histories/],
  [/^(TEST_MSSQL_URL=\S+ )?npm run test:mssql$/, '.github/workflows/ci.yml', /npm run test:mssql/],
  [/^npm run build$/, 'package.json', /"test": ".*npm run --silent build/],
  [/^\.ci\/run$/, '.ci/run', /./],
  [/^npx jest \S+ --selectProjects unit$/, 'package.json', /jest --selectProjects unit/],
  [/^node dist\/simulator\/main\.js\b/, 'demo/house.ts', /'simulator', 'main\.js'/],
  [/^npm audit --omit=dev\b/, '.github/workflows/ci.yml', /npm audit --omit=dev --audit-level=high/],
  [/^npm run codec-server\b/, 'test/codec/server.test.ts', /createCodecServer/],
  [/^npm run docs$/, 'test/house/docs.test.ts', /configurationPage\(\)/],
  [/^npm run record-histories$/, 'test/replay/record.test.ts', /RECORD_HISTORIES/],
  [/^npm run (format|lint)$/, 'package.json', /"test": "npm run --silent lint/],
  [/^npm (start|run (worker|api))$/, 'package.json', /"start": "node .*start\.js"/],
  [/^npx zoho-mirror$/, 'test/cli/npx.test.ts', /'npx'/],
  [/^curl localhost:8080\/readyz$/, 'test/api/server.test.ts', /readyz/],
  [/^openssl rand -(hex|base64) 32$/, 'test/config/load.test.ts', /PAYLOAD_KEYS/],
  [/^temporal server start-dev$/, 'dev/temporal-server.ts', /'start-dev'/],
  [/^node dist\/src\/cli\/main\.js status$/, 'test/cli/status.test.ts', /'status'/],
  [/^node dist\/scripts\/generate-docs\.js$/, 'test/house/docs.test.ts', /configurationPage\(\)/],
  [/^zoho-mirror setup$/, 'test/cli/setup.test.ts', /'setup'/],
  [/^zoho-mirror start$/, 'test/cli/setup.test.ts', /\['start', 'api'\]/],
  [/^zoho-mirror status --watch$/, 'test/cli/status.test.ts', /'--watch'/],
];
/** What test/end-to-end/commands.test.ts runs. */
const runThere = /^(temporal|zoho-mirror) /;
const setting = /^[A-Z_]+=\S/;
/** Mentioned in a sentence, and run by nobody but people. */
const byPeopleOnly: readonly [command: RegExp, why: string][] = [
  [/^npm run bench:/, 'a measurement: minutes or hours'],
  [/^npm run docs:screenshots$/, 'needs a Chromium'],
  [/^docker compose /, 'needs Docker'],
  [/^(sudo|systemctl) /, 'needs the machine of a service'],
];

test('every command in the documents is run by a test, or the page says why not', () => {
  const open = documentedCommands().filter(
    ({ command, notRun }) =>
      !notRun &&
      !runThere.test(command) &&
      !setting.test(command) &&
      !runBy.some(([one]) => one.test(command)),
  );
  expect(open).toEqual([]);
});

test('every command that a sentence mentions is run by a test too, or by people only for a reason that is named', () => {
  const ours = Object.entries(
    (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts,
  )
    .filter(([, script]) => script.startsWith('node dist/src/cli/main.js'))
    .map(([name]) => name);
  const open = mentionedCommands().filter(
    ({ command }) =>
      // Whether they exist as they are named is looked at where they are run.
      !runThere.test(command) &&
      !ours.some((name) => command === `npm run ${name}` || command.startsWith(`npm run ${name} `)) &&
      ![...runBy, ...byPeopleOnly].some(([one]) => one.test(command)),
  );
  expect(open).toEqual([]);
});

test.each(runBy)('%s is run by %s', (_command, file, where) => {
  expect(read(file)).toMatch(where);
});
