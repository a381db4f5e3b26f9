// Lint: rules that catch bugs, and the arrows of the house (which room may import which, and only by its door).
// Formatting is Prettier's alone.
import tseslint from 'typescript-eslint';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

const rooms = [
  'activities',
  'api',
  'cli',
  'codec',
  'config',
  'contracts',
  'db',
  'mirror',
  'overview',
  'pages',
  'process',
  'temporal',
  'webhook',
  'worker',
  'workflows',
  'zoho',
];
const outside = ['bench', 'demo', 'dev', 'scripts', 'simulator', 'test'];
const drivers = ['better-sqlite3', 'knex', 'mssql', 'tedious'];

/** room → the rooms it may import (`types`: only their types) and the packages it must not, or the only ones it may. */
export const arrows = {
  contracts: { imports: [], packages: { only: [] } },
  config: { imports: [], packages: { never: ['@temporalio/', ...drivers] } },
  mirror: { imports: [], packages: { only: ['node:crypto'] } },
  zoho: { imports: ['mirror'], packages: { never: ['@temporalio/', ...drivers] } },
  db: { imports: ['contracts', 'mirror'], packages: { never: ['@temporalio/', 'undici'] } },
  pages: { imports: ['db', 'mirror'], packages: { never: ['@temporalio/', 'undici', ...drivers] } },
  webhook: { imports: [], packages: { only: ['node:crypto'] } },
  temporal: { imports: ['contracts'], packages: { never: ['undici', ...drivers] } },
  workflows: {
    imports: ['contracts'],
    types: ['activities'],
    packages: { only: ['@temporalio/workflow', '@temporalio/common'] },
  },
  activities: {
    imports: ['config', 'contracts', 'db', 'mirror', 'pages', 'temporal', 'webhook', 'zoho'],
    packages: { never: ['undici', ...drivers] },
  },
  overview: {
    imports: ['activities', 'config', 'contracts', 'db', 'mirror', 'temporal', 'zoho'],
    packages: { never: ['undici', ...drivers] },
  },
  process: { imports: ['config'], packages: { never: ['@temporalio/', 'undici', ...drivers] } },
  api: {
    imports: ['contracts', 'mirror', 'process', 'temporal', 'webhook'],
    packages: { never: ['@temporalio/worker', '@temporalio/workflow', 'undici', ...drivers] },
  },
  worker: {
    imports: [
      'activities',
      'config',
      'contracts',
      'db',
      'mirror',
      'overview',
      'pages',
      'process',
      'temporal',
      'webhook',
      'zoho',
    ],
    packages: { never: drivers },
  },
  codec: { imports: ['config', 'temporal'], packages: { never: ['undici', ...drivers] } },
  cli: {
    imports: [
      'activities',
      'config',
      'contracts',
      'db',
      'mirror',
      'overview',
      'pages',
      'process',
      'temporal',
      'webhook',
      'zoho',
    ],
    packages: { never: drivers },
  },
};

/**
 * Inside of a room: folder → the folders whose values it may import. What lies in the room itself is for all of them, but for what puts
 * them together.
 */
const folders = {
  db: {
    own: [],
    table: ['own'],
    merge: ['own', 'table'],
    compare: [],
    match: [],
    preview: ['compare', 'match', 'table'],
    mssql: ['compare', 'table'],
    sqlite: ['compare'],
  },
  zoho: { wire: [], credits: [], oauth: ['credits', 'wire'], calls: ['credits', 'oauth', 'wire'] },
};
const assemblies = { db: ['open', 'store'], zoho: ['create'] };

const anyOf = (names) => `(?:${names.map((name) => name.replace(/[/.]/g, '\\$&')).join('|')})`;

/** A room is entered by its index. Types may be taken from where they are; mirror's files are a vocabulary of their own. */
const doors = {
  regex: `^(?:\\.\\./)+(?:src/)?${anyOf(rooms.filter((room) => room !== 'mirror'))}/(?!index(?:\\.js)?$).`,
  allowTypeImports: true,
  message: 'Enter a room by its door (its index.ts); only types may be taken from inside.',
};

const restrict = (patterns) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
});

function patternsOf(name) {
  const { imports, types = [], packages } = arrows[name];
  const closed = rooms.filter(
    (other) => other !== name && !imports.includes(other) && !types.includes(other),
  );
  const patterns = [
    { regex: `^(?:\\.\\./)+${anyOf(closed)}(?:/|$)`, message: `src/${name} must not know this room.` },
    { regex: `^(?:\\.\\./)+${anyOf(outside)}(?:/|$)`, message: 'src imports nothing from outside of src.' },
    {
      regex: `^(?:(?:\\.\\./)+${name}(?:/index(?:\\.js)?)?|\\.|\\./index(?:\\.js)?)$`,
      message: 'Inside a room nobody uses its own door.',
    },
    doors,
  ];
  if (types.length > 0)
    patterns.push({
      regex: `^(?:\\.\\./)+${anyOf(types)}(?:/|$)`,
      allowTypeImports: true,
      message: `src/${name} may take only types from this room.`,
    });
  if (packages.only)
    patterns.push({
      regex: packages.only.length > 0 ? `^(?!\\.|${anyOf(packages.only)}$)` : '^(?!\\.)',
      message: `src/${name} imports ${packages.only.join(' and ') || 'nothing'} from outside.`,
    });
  else
    patterns.push({
      regex: `^${anyOf(packages.never)}`,
      message: `src/${name} must not use this package.`,
    });
  return patterns;
}

const room = (name) => ({
  name: `arrows of ${name}`,
  files: [`src/${name}/**/*.ts`],
  rules: restrict(patternsOf(name)),
});

const foldersOf = ([name, inside]) =>
  Object.entries(inside).map(([folder, imports]) => {
    const closed = Object.keys(inside).filter((other) => other !== folder && !imports.includes(other));
    const among = {
      regex: `^(?:\\.\\./)+(?:${anyOf(closed)}/|${anyOf(assemblies[name])}$)`,
      allowTypeImports: true,
      message: `src/${name}/${folder} may take only types from there.`,
    };
    return {
      name: `arrows of ${name}/${folder}`,
      files: [`src/${name}/${folder}/**/*.ts`],
      rules: restrict([...patternsOf(name), among]),
    };
  });

export default tseslint.config(
  { ignores: ['dist/', '.cache/', 'coverage/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })],
    },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // With noUncheckedIndexedAccess `!` is how one says that an index is in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Interfaces promise where one of several implementations has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Objects come from factories and never use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // One-line arrows that return nothing are fine with and without `void`.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      // Shape checks at run time look needless to it, and they are the point at every boundary.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Asks for `raw<T>()` instead of `as T`, which is as blind.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // Slow, and there are neither enums nor look-alike classes here.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  ...Object.keys(arrows).map(room),
  ...Object.entries(folders).flatMap(foldersOf),
  {
    name: 'arrows of the simulator',
    files: ['simulator/**/*.ts'],
    rules: restrict([
      {
        regex: `^(?:\\.\\./)+${anyOf(['src', ...outside.filter((folder) => folder !== 'simulator')])}(?:/|$)`,
        message: 'The simulator shares no code with what it tests.',
      },
    ]),
  },
  {
    name: 'arrows from outside',
    files: ['{bench,demo,dev,scripts}/**/*.ts'],
    rules: restrict([{ ...doors, regex: doors.regex.replace('(?:src/)?', 'src/') }]),
  },
  { files: ['{bench,demo,dev,scripts}/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    // Jest's asymmetric matchers are `any`.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  // The pretended CRM takes whatever it is sent and shows it as text, as the real one does.
  { files: ['simulator/**/*.ts'], rules: { '@typescript-eslint/no-base-to-string': 'off' } },
);
