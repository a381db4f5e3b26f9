// `zoho-mirror setup` in an empty folder, against the simulator and a real Temporal server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { freePort } from '../../dev/ports';
import { startTemporalServer, type TemporalServer } from '../../dev/temporal-server';
import { startSimulator, type Simulator } from '../../simulator';
import { built } from '../support/built';
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

const handMade = `# What the mirror rests on; ask Ada before you change it.
ZOHO_CLIENT_ID=sim-client
ZOHO_REFRESH_TOKEN=sim-refresh
export NODE_EXTRA_CA_CERTS="/etc/ssl/of the house.pem"
OF_THE_HOUSE="of several
PORT=lines"
ZOHO_DC=
SOMETHING_ELSE=1
PORT=9000
`;
const handMapped = 'modules:\n  Leads: { table: Kunden, columns: { Last_Name: Nachname } } # old table\n';
const noCode = { ZOHO_GRANT_TOKEN: '' };
const textOf = (cwd: string, name: string): string => readFileSync(join(cwd, name), 'utf8');

test('a second run refuses; with --force it changes settings, and loses neither a mapping nor a line nor a copy', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, '.env'), handMade, { mode: 0o644 });
  writeFileSync(join(cwd, 'zoho-mirror.yaml'), handMapped);
  const refused = await setup(cwd, [], noCode);
  expect([refused.code, refused.err]).toEqual([
    2,
    'zoho-mirror: .env is there. With --force its settings are changed, other lines stay, and a copy is kept; a new token alone: --token-only\n',
  ]);
  const modules = await setup(cwd, ['--force', '--modules', 'Contacts'], noCode);
  expect([modules.code, modules.err]).toEqual([
    2,
    'zoho-mirror: zoho-mirror.yaml is there and stays as it is, so --modules would change nothing: add the modules to that file\n',
  ]);
  expect([textOf(cwd, '.env'), readdirSync(cwd).sort()]).toEqual([handMade, ['.env', 'zoho-mirror.yaml']]);

  const forced = await setup(cwd, ['--force'], noCode);
  expect(forced.err).toBe('');
  expect(forced.out).toContain('✓ table Kunden');
  expect(textOf(cwd, 'zoho-mirror.yaml')).toBe(handMapped);
  const [written] = textOf(cwd, '.env').split('WEBHOOK_SECRET=');
  expect(written).toBe(
    handMade.replace('ZOHO_DC=', 'ZOHO_DC=us') +
      [
        `ZOHO_ACCOUNTS_URL=${sim.url}`,
        `ZOHO_API_URL=${sim.url}`,
        'ZOHO_CLIENT_SECRET=sim-secret',
        'LEGACY_DB=sqlite:./zoho-mirror.db',
        `TEMPORAL_ADDRESS=${temporal.address}`,
        'TEMPORAL_NAMESPACE=default\n',
      ].join('\n'),
  );
  expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600);
  expect([textOf(cwd, '.env.bak'), statSync(join(cwd, '.env.bak')).mode & 0o777]).toEqual([handMade, 0o600]);

  const before = textOf(cwd, '.env');
  const again = await setup(cwd, ['--force', '--public-url', 'http://127.0.0.1:9000'], noCode);
  expect(again.err).toBe('');
  expect(again.out).toContain(
    'http://127.0.0.1:9000 must lead to the API, which listens on port 9000 (PORT)',
  );
  expect(envOf(cwd)).toMatchObject({ PUBLIC_URL: 'http://127.0.0.1:9000', SOMETHING_ELSE: '1' });
  expect([textOf(cwd, '.env.bak'), textOf(cwd, '.env.bak.2')]).toEqual([handMade, before]);
});

test('the port that PUBLIC_URL has to lead to is written down', async () => {
  const cwd = folder();
  const ran = await setup(cwd, ['--public-url', 'http://127.0.0.1:8080']);
  expect([ran.code, ran.err, envOf(cwd).PORT]).toEqual([0, '', '8080']);
});

test('--token-only asks for nothing that is known, and changes the token alone', async () => {
  const cwd = folder();
  const lines = ['# mine', 'ZOHO_REFRESH_TOKEN=revoked', 'ZOHO_DC=us', 'ZOHO_CLIENT_ID=sim-client'];
  const rest = ['ZOHO_CLIENT_SECRET=sim-secret', 'WEBHOOK_SECRET=a-secret-of-the-webhook'];
  const text = (token: string): string =>
    [...lines, ...rest, `TEMPORAL_ADDRESS=${temporal.address}`, ''].join('\n').replace('revoked', token);
  writeFileSync(join(cwd, 'mirror.env'), text('revoked'));
  const ran = await zohoMirror(['setup', '--token-only', '--yes', '--env', 'mirror.env'], {
    cwd,
    env: { ZOHO_ACCOUNTS_URL: sim.url, ZOHO_API_URL: sim.url, ZOHO_GRANT_TOKEN: 'sim-grant' },
  });
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(ran.out).toContain('Next: restart the worker');
  expect(textOf(cwd, 'mirror.env')).toBe(text('sim-refresh'));
  expect(ran.out).not.toContain('in the environment');
  expect(readdirSync(cwd).filter((name) => !name.startsWith('zoho-mirror.db'))).toEqual([
    'mirror.env',
    'mirror.env.bak',
  ]);
});

test('a new token that the environment would hide is no use, so it is said', async () => {
  const ran = await zohoMirror(['setup', '--token-only', '--yes', '--client-id', 'sim-client'], {
    cwd: folder(),
    env: {
      ...{ ...secrets, ZOHO_ACCOUNTS_URL: sim.url, ZOHO_API_URL: sim.url, ZOHO_REFRESH_TOKEN: 'revoked' },
      ...{ WEBHOOK_SECRET: 'a-secret-of-the-webhook', TEMPORAL_ADDRESS: temporal.address },
    },
  });
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(ran.out).toContain('! ZOHO_REFRESH_TOKEN has another value in the environment, and that wins');
});

test('a person is asked for the database without being shown the password that is known, or the one that is typed', async () => {
  const old = 'mssql://sa:hunter2secret@old/Legacy';
  const kept = await askedForTheDatabase('', old);
  expect(kept.answer).toBe(old);
  expect(kept.seen).toContain('(Enter keeps the one at hand)');
  const typed = await askedForTheDatabase('sqlite:tiger3secret.db', old);
  expect(typed.answer).toBe('sqlite:tiger3secret.db');
  expect(kept.seen + typed.seen).not.toMatch(/hunter2|tiger3/);
  const first = await askedForTheDatabase('', 'sqlite:./zoho-mirror.db');
  expect(first.answer).toBe('sqlite:./zoho-mirror.db');
  expect(first.seen).toContain('(Enter: sqlite:./zoho-mirror.db)');
});

/** By a process of its own, whose standard input and output are the terminal. */
async function askedForTheDatabase(typed: string, known: string): Promise<{ answer: string; seen: string }> {
  const room = join(await built(), 'cli', 'setup');
  const script = `
    const { askIn } = require(${JSON.stringify(join(room, 'ask.js'))});
    const { aboutTheRest } = require(${JSON.stringify(join(room, 'questions.js'))});
    const question = aboutTheRest.find(({ variable }) => variable === 'LEGACY_DB');
    askIn({ input: process.stdin, output: process.stdout })(question, ${JSON.stringify(known)})
      .then((answer) => process.stderr.write(answer, () => process.exit()));`;
  const child = spawn(process.execPath, ['-e', script]);
  let seen = '';
  let answer = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (seen === '') child.stdin.write(`${typed}\r`);
    seen += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await once(child, 'close');
  return { answer, seen };
}

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
  ['--token-only changes the token alone', ['setup', '--token-only', '--modules', 'Leads'], {}],
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
  const ran = await setup(cwd, ['--temporal-address', '127.0.0.1:9']);
  expect([ran.code, ran.err]).toEqual([1, '']);
  expect(ran.out).toContain('✗ Temporal: 127.0.0.1:9');
  expect(envOf(cwd).ZOHO_REFRESH_TOKEN).toBe('sim-refresh');
});

const kept = ' (the token is kept: zoho-mirror setup --force asks for no other code)\n';
test.each([
  ['Leads,leadz', 'Zoho has no module leadz: did you mean Leads?'],
  ['Nobodys', 'Zoho has no module Nobodys. It has: Leads, Contacts, Campaigns, Site_Projects, Site_Visits'],
  ['Inner_Logs', "Zoho's API gives no access to the module Inner_Logs"],
])('what Zoho does not have is in no file: %s', async (named, said) => {
  const cwd = folder();
  const ran = await setup(cwd, ['--modules', named]);
  expect([ran.code, ran.err]).toEqual([2, `zoho-mirror: --modules: ${said}${kept}`]);
  expect(readdirSync(cwd)).toEqual(['.env']);
  const again = await setup(cwd, ['--force', '--modules', 'Leads'], { ZOHO_GRANT_TOKEN: '' });
  expect([again.code, textOf(cwd, 'zoho-mirror.yaml')]).toEqual([0, expect.stringContaining('\n  Leads:\n')]);
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
    2,
    'WEBHOOK_SECRET is not set. Needed: a secret text, better of 16 characters or more\n',
  ]);
  // Their arguments, --help among them, are their own.
  for (const [name, option] of [
    ['simulator', '--page-rows'],
    ['demo', '--kills'],
  ] as const)
    expect((await zohoMirror([name, '--help'], { cwd, env: {} })).out).toContain(option);
});
