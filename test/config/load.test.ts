import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, parseDuration } from '../../src/config';

const secrets = {
  ZOHO_CLIENT_ID: 'client',
  ZOHO_CLIENT_SECRET: 'secret',
  ZOHO_REFRESH_TOKEN: 'refresh',
  WEBHOOK_SECRET: 'a-secret-of-sixteen',
};

const withFile = (yaml: string): Record<string, string> => {
  const path = join(mkdtempSync(join(tmpdir(), 'zoho-mirror-config-')), 'mirror.yaml');
  writeFileSync(path, yaml);
  return { ...secrets, MIRROR_CONFIG: path };
};

const problems = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
};

test('four secrets are enough: the Leads module into SQLite, polling every two minutes', () => {
  expect(loadConfig(secrets)).toMatchObject({
    zoho: { accountsUrl: 'https://accounts.zoho.com', apiUrl: 'https://www.zohoapis.com', apiVersion: 'v8' },
    legacyDb: 'sqlite:./zoho-mirror.db',
    port: 8080,
    modules: { Leads: { table: 'Leads', deletes: 'soft', key: 'id' } },
    schedules: { catchUpMs: 120_000, reconcileMs: 7 * 86_400_000 },
    channel: { renewEveryMs: 86_100_000, lifetimeMs: 6 * 86_400_000 },
    timings: { pollFirstMs: 30_000, pollMaxMs: 300_000, notificationWindowMs: 1_000 },
  });
});

test('with a public URL catch-up is only a safety net', () => {
  expect(loadConfig({ ...secrets, PUBLIC_URL: 'https://sync.example.com/' })).toMatchObject({
    publicUrl: 'https://sync.example.com',
    schedules: { catchUpMs: 900_000 },
  });
});

test('an empty variable counts as unset', () => {
  expect(loadConfig({ ...secrets, PUBLIC_URL: '', ZOHO_DC: '', PORT: '' })).toMatchObject({ port: 8080 });
});

test('every wrong variable gets its line with what is allowed, and no secret is shown', () => {
  const lines = problems({
    ZOHO_DC: 'mars',
    PORT: '99999',
    LOG_LEVEL: 'verbose',
    LEGACY_DB: 'oracle://u:hunter2@h',
    PUBLIC_URL: 'http://example.com',
  });
  expect(lines).toEqual([
    'ZOHO_DC=mars is not valid. Allowed: us, eu, in, au, jp, cn, ca, sa',
    'ZOHO_CLIENT_ID is not set. Needed: the OAuth client id',
    'ZOHO_CLIENT_SECRET is not set. Needed: the OAuth client secret',
    'ZOHO_REFRESH_TOKEN is not set. Needed: the OAuth refresh token',
    'LEGACY_DB=*** is not valid. Allowed: mssql://user:password@host:1433/database, Server=…;Database=…, or sqlite:<path>',
    'PUBLIC_URL=http://example.com is not valid. Allowed: an https URL (http on loopback)',
    'WEBHOOK_SECRET is not set. Needed: a secret text, better of 16 characters or more',
    'PORT=99999 is not valid. Allowed: 0 to 65535',
    'LOG_LEVEL=verbose is not valid. Allowed: trace, debug, info, warn, error',
  ]);
});

test('unknown keys and wrong values of the file are named with their path', () => {
  const lines = problems(
    withFile(
      'modules:\n  Leads: { tabel: X, deletes: never }\nchannel: { lifetime: 7d }\ntimings: { pollFirst: soon }\n',
    ),
  );
  expect(lines.map((line) => line.replace(/^.*mirror\.yaml: /, ''))).toEqual([
    'modules.Leads.deletes="never" is not valid. Allowed: soft, hard',
    'modules.Leads.tabel is not a known key. Allowed: table, deletes, schema, bookkeeping, bookkeepingColumns, deletedFlag, key, constants, values, fields, columns, names, match',
    'channel.lifetime="7d" is not valid. Allowed: at most 6d23h',
    'timings.pollFirst="soon" is not valid. Allowed: a number with ms, s, m, h or d, or several in a row, such as 23h55m',
  ]);
});

test.each([
  ['modules: {}', 'modules={} is not valid. Allowed: one module or more, such as { Leads: }'],
  [
    'schedules: { catchUp: true }',
    'schedules.catchUp=true is not valid. Allowed: a number with ms, s, m, h or d',
  ],
  [
    'modules: { Leads: { constants: { a: null } } }',
    'modules.Leads.constants.a=null is not valid. Allowed: a text, a number, true or false',
  ],
  [
    'modules: { Leads: { deletedFlag: { Gone: [] } } }',
    'modules.Leads.deletedFlag.Gone=[] is not valid. Allowed: the value of a deleted row',
  ],
])('%s is refused with what is allowed', (yaml, problem) => {
  expect(problems(withFile(yaml))).toEqual([expect.stringContaining(problem)]);
});

test('limits hold nothing back by default; a tenth is reserved unless told otherwise', () => {
  const limitsOf = (yaml: string) => loadConfig(withFile(yaml)).limits;
  expect(loadConfig(secrets)).not.toHaveProperty('limits');
  expect(limitsOf('limits: { dailyCredits: 50000 }')).toEqual({ dailyCredits: 50_000, reserve: 5_000 });
  expect(limitsOf('limits: { dailyCredits: 50000, reserve: 0 }')).toEqual({
    dailyCredits: 50_000,
    reserve: 0,
  });
});

test.each([
  ['limits: { reserve: 5 }', 'limits.dailyCredits is not valid. Allowed: a whole number from 1'],
  ['limits: { dailyCredits: 1.5 }', 'limits.dailyCredits=1.5 is not valid. Allowed: a whole number from 1'],
  [
    'limits: { dailyCredits: 100, reserve: 100 }',
    'limits.reserve=100 is not valid. Allowed: less than limits.dailyCredits',
  ],
  [
    'limits: { daily: 5, dailyCredits: 100 }',
    'limits.daily is not a known key. Allowed: dailyCredits, reserve',
  ],
])('%s is refused', (yaml, problem) => {
  expect(problems(withFile(yaml))).toEqual([expect.stringContaining(problem)]);
});

test('the mirror keeps its columns in the table, under other names, or beside it', () => {
  const bookkeeping = (yaml: string): unknown => {
    const { Leads } = loadConfig(withFile(`modules:\n  Leads: ${yaml}\n`)).modules;
    return [Leads?.bookkeeping, Leads?.deletedFlag];
  };
  const named = { modifiedAt: 'GeaendertAm', observedAt: 'zoho_observed_at', deletedAt: 'zoho_deleted_at' };
  expect(bookkeeping('{ bookkeepingColumns: { modifiedAt: GeaendertAm } }')).toEqual([named, []]);
  expect(bookkeeping('{ bookkeeping: side-table, deletes: hard }')).toEqual(['side-table', []]);
  expect(
    bookkeeping(
      '{ bookkeeping: side-table, deletedFlag: { IsDeleted: 1, Gone: true, State: X, Art: { deleted: L, live: A } } }',
    ),
  ).toEqual([
    'side-table',
    [
      { column: 'IsDeleted', deleted: 1, live: 0 },
      { column: 'Gone', deleted: true, live: false },
      { column: 'State', deleted: 'X', live: null },
      { column: 'Art', deleted: 'L', live: 'A' },
    ],
  ]);
});

test('keys of a module that contradict each other are refused', () => {
  const refused = (yaml: string): string[] =>
    problems(withFile(`modules:\n  Leads: ${yaml}\n`)).map((line) => line.replace(/^.*mirror\.yaml: /, ''));
  expect(refused('{ bookkeeping: side-table }')).toEqual([
    'modules.Leads.bookkeeping="side-table" is not valid. Allowed: with deletes: hard or a deletedFlag, else nothing would show a deletion',
  ]);
  expect(refused('{ deletes: hard, deletedFlag: { Gone: 1 } }')).toEqual([
    'modules.Leads.deletedFlag={"Gone":1} is not valid. Allowed: with deletes: soft',
  ]);
});

test('a file that is named must be there', () => {
  expect(problems({ ...secrets, MIRROR_CONFIG: '/nowhere/mirror.yaml' })).toEqual([
    expect.stringContaining('MIRROR_CONFIG=/nowhere/mirror.yaml cannot be read'),
  ]);
});

test('table, fields and columns of a module are taken over', () => {
  const env = withFile(
    'modules:\n  Leads:\n    table: dbo.Leads\n    fields: [Last_Name, Company]\n    columns: { Last_Name: LastName }\n',
  );
  expect(loadConfig(env).modules).toMatchObject({
    Leads: { table: 'dbo.Leads', fields: ['Last_Name', 'Company'], columns: { Last_Name: 'LastName' } },
  });
});

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['23h55m', 86_100_000],
  ['1.5h', 5_400_000],
  ['6d23h', 601_200_000],
  ['', undefined],
  ['5', undefined],
  ['1h 5m', undefined],
  ['-1s', undefined],
])('the duration %p is %p ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

describe('PAYLOAD_KEYS', () => {
  const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

  test('holds keys by id, in their order; none by default', () => {
    expect(loadConfig(secrets).payloadKeys).toEqual([]);
    expect(loadConfig({ ...secrets, PAYLOAD_KEYS: `new:${key(1)}, old:${key(2)}` }).payloadKeys).toEqual([
      { id: 'new', key: Buffer.alloc(32, 1) },
      { id: 'old', key: Buffer.alloc(32, 2) },
    ]);
  });

  test.each([
    ['a key without an id', key(1)],
    ['a key of 16 bytes', `a:${Buffer.alloc(16).toString('base64')}`],
    ['an id twice', `a:${key(1)},a:${key(2)}`],
    ['an empty place', `a:${key(1)},`],
  ])('%s is refused, and not repeated', (_what, value) => {
    expect(problems({ ...secrets, PAYLOAD_KEYS: value })).toEqual([
      'PAYLOAD_KEYS=*** is not valid. Allowed: id:key[,id:key…], each key 32 bytes in base64 (`openssl rand -base64 32`), each id once',
    ]);
  });
});
