// `zoho-mirror setup` in an empty folder, against the simulator and a real Temporal server.
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { freePort } from '../../dev/ports';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server';
import { startSimulator, type Simulator } from '../../simulator';
import { zohoMirror } from './commands';

let temporal: TemporalServer;
let sim: Simulator;
beforeAll(async () => {
  temporal = await startTemporalServer({ folder: mkdtempSync(join(tmpdir(), 'zoho-mirror-setup-')) });
});
beforeEach(async () => {
  sim = await startSimulator({ records: 10 });
});
afterEach(async () => sim.close());
afterAll(async () => temporal?.child.kill('SIGTERM'));

const folder = (): string => mkdtempSync(join(tmpdir(), 'zoho-mirror-setup-'));
const secrets = { ZOHO_CLIENT_SECRET: 'sim-secret', ZOHO_GRANT_TOKEN: 'sim-grant' };

const setup = (cwd: string, flags: string[] = [], env: Record<string, string> = {}) =>
  zohoMirror(
    ['setup', '--yes', '--client-id', 'sim-client', '--temporal-address', temporal.address, ...flags],
    { cwd, env: { ZOHO_ACCOUNTS_URL: sim.url, ZOHO_API_URL: sim.url, ...secrets, ...env } },
  );

const envOf = (cwd: string): Record<string, string | undefined> =>
  parseEnv(readFileSync(join(cwd, '.env'), 'utf8'));

test('from nothing to a checked configuration: token, files for their owner only, every check', async () => {
  const cwd = folder();
  const ran = await setup(cwd, ['--modules', 'Leads,Contacts']);
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(
    readdirSync(cwd)
      .filter((name) => !name.startsWith('zoho-mirror.db'))
      .sort(),
  ).toEqual(['.env', 'zoho-mirror.yaml']);
  expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600);
  expect(envOf(cwd)).toEqual({
    ZOHO_DC: 'us',
    ZOHO_ACCOUNTS_URL: sim.url,
    ZOHO_API_URL: sim.url,
    ZOHO_CLIENT_ID: 'sim-client',
    ZOHO_CLIENT_SECRET: 'sim-secret',
    ZOHO_REFRESH_TOKEN: 'sim-refresh',
    LEGACY_DB: 'sqlite:./zoho-mirror.db',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: 'default',
    WEBHOOK_SECRET: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(ran.out).toContain('✓ Zoho token');
  expect(ran.out).toContain('✓ module Contacts');
  expect(ran.out).toContain('✓ search attributes: are registered');
  expect(ran.out).toContain('Next: zoho-mirror start');
  expect(ran.out).not.toMatch(/sim-secret|sim-grant|sim-refresh/);
  // The commands read the file that was written.
  const checked = await zohoMirror(['check', '--json'], { cwd, env: { ZOHO_API_URL: sim.url } });
  expect(checked.json()).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ check: 'Zoho token', verdict: 'ok' })]),
  });
});

test('a second run refuses to write over; with --force it keeps secrets, and the old files beside', async () => {
  const cwd = folder();
  await setup(cwd);
  const before = envOf(cwd);
  const again = await setup(cwd);
  expect([again.code, again.err]).toEqual([
    2,
    'zoho-mirror: .env and zoho-mirror.yaml would be written over. Look first, then use --force: the old ones are kept\n',
  ]);
  expect(envOf(cwd)).toEqual(before);

  // The code is used up; the refresh token at hand is kept.
  const forced = await setup(cwd, ['--force', '--modules', 'Contacts'], { ZOHO_GRANT_TOKEN: '' });
  expect([forced.code, forced.err]).toEqual([0, '']);
  expect(envOf(cwd)).toEqual(before);
  expect(readFileSync(join(cwd, 'zoho-mirror.yaml'), 'utf8')).toContain('  Contacts:');
  expect(readFileSync(join(cwd, 'zoho-mirror.yaml.bak'), 'utf8')).toContain('  Leads:');
  expect(statSync(join(cwd, '.env.bak')).mode & 0o777).toBe(0o600);
});

test('a code that was used before is refused in plain words, and nothing is written', async () => {
  await setup(folder());
  const cwd = folder();
  const ran = await setup(cwd);
  expect(ran.code).toBe(2);
  expect(ran.err).toContain(
    'Zoho gave no refresh token (invalid_code): the code has expired or was used before',
  );
  expect(ran.err).not.toContain('sim-grant');
  expect(readdirSync(cwd)).toEqual([]);
});

test.each([
  ['--client-id, or the variable ZOHO_CLIENT_ID', ['setup', '--yes'], {}],
  [
    'the variable ZOHO_GRANT_TOKEN',
    ['setup', '--yes', '--client-id', 'sim-client'],
    { ZOHO_CLIENT_SECRET: 'x' },
  ],
  ['--dc: Allowed: us, eu', ['setup', '--yes', '--dc', 'moon'], {}],
  [
    'PUBLIC_URL=ftp://nowhere is not valid',
    ['setup', '--yes', '--client-id', 'x', '--public-url', 'ftp://nowhere'],
    secrets,
  ],
])('what is missing or wrong is said before anything is written: %s', async (message, args, env) => {
  const cwd = folder();
  const ran = await zohoMirror(args, { cwd, env });
  expect(ran.code).toBe(2);
  expect(ran.err).toContain(message);
  expect(readdirSync(cwd)).toEqual([]);
});

test('what setup has written can be lacking: it says so, keeps the files and exits with 1', async () => {
  const cwd = folder();
  const ran = await setup(cwd, ['--temporal-address', '127.0.0.1:9', '--modules', 'Leads,Nobodys']);
  expect([ran.code, ran.err]).toEqual([1, '']);
  expect(ran.out).toContain('✗ Temporal: 127.0.0.1:9');
  expect(ran.out).toContain('✗ module Nobodys: Zoho has no such module');
  expect(envOf(cwd).ZOHO_REFRESH_TOKEN).toBe('sim-refresh');
});

test('start runs what npm start runs, with the file .env, and ends as it ends', async () => {
  const cwd = folder();
  const wrong = await zohoMirror(['start', 'everything'], { cwd, env: {} });
  expect([wrong.code, wrong.err]).toEqual([
    2,
    'zoho-mirror: everything is not valid. Allowed: all, worker, api\n',
  ]);
  const port = await freePort();
  writeFileSync(join(cwd, '.env'), `PORT=${port}\nZOHO_CLIENT_ID='with blank'\nZOHO_DC=\n`);
  const refused = await zohoMirror(['start', 'api'], {
    cwd,
    env: { ZOHO_CLIENT_SECRET: 'x', ZOHO_REFRESH_TOKEN: 'x' },
  });
  expect([refused.code, refused.err]).toEqual([
    1,
    'WEBHOOK_SECRET is not set. Needed: a secret text, better of 16 characters or more\n',
  ]);
  // Their arguments, --help among them, are their own.
  for (const [name, option] of [
    ['simulator', '--page-rows'],
    ['demo', '--kills'],
  ] as const)
    expect((await zohoMirror([name, '--help'], { cwd, env: {} })).out).toContain(option);
});
