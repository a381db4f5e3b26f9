// `zoho-mirror check` against a whole installation, and against one in which something is wrong.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Town } from '../end-to-end/town';
import { zohoMirror } from './commands';

let town: Town;
beforeAll(async () => {
  town = await Town.open({ simulator: { records: 10 } });
});
afterAll(async () => town?.close());

interface Answer {
  ok: boolean;
  checks: { check: string; verdict: string; detail: string; fix?: string }[];
}

async function check(env: Record<string, string> = {}): Promise<{ code: number | null; answer: Answer }> {
  const ran = await zohoMirror(['check', '--json'], { env: { ...town.env, ...env } });
  expect(ran.err).toBe('');
  return { code: ran.code, answer: ran.json() as Answer };
}

const verdicts = ({ checks }: Answer): Record<string, string> =>
  Object.fromEntries(checks.map(({ check: name, verdict }) => [name, verdict]));

const detail = ({ checks }: Answer, name: string): string => {
  const found = checks.find((one) => one.check === name)!;
  return `${found.detail} | ${found.fix ?? ''}`;
};

test('a whole installation passes every check, and nothing is left behind in the database', async () => {
  const { code, answer } = await check();
  expect(verdicts(answer)).toEqual({
    configuration: 'ok',
    'Zoho token': 'ok',
    'Zoho scopes': 'ok',
    'module Leads': 'ok',
    clock: 'ok',
    database: 'ok',
    "the mirror's tables": 'ok',
    'table Leads': 'ok',
    Temporal: 'ok',
    namespace: 'ok',
    'search attributes': 'ok',
    worker: 'ok',
    'public address': 'ok',
  });
  expect([code, answer.ok]).toEqual([0, true]);
  expect(detail(answer, 'table Leads')).toContain('can be made');
  expect(detail(answer, 'worker')).toMatch(
    /^1 on zoho-mirror, last seen \d+ s ago; one that was killed is seen for 90 s/,
  );
  const database = new Sqlite(town.env.LEGACY_DB!.replace('sqlite:', ''), { readonly: true });
  expect(database.prepare("SELECT name FROM sqlite_master WHERE name = 'Leads'").all()).toEqual([]);
  database.close();

  const lines = (await zohoMirror(['check'], { env: town.env })).out.trim().split('\n');
  expect(lines).toContain(
    '✓ module Leads: ' + answer.checks.find((one) => one.check === 'module Leads')!.detail,
  );
  expect(lines.filter((line) => !line.startsWith('✓'))).toEqual([]);
});

test('a change of the configuration says first what it will do', async () => {
  expect((await zohoMirror(['sync', 'Leads'], { env: town.env })).code).toBe(0);
  const write = (name: string, yaml: string): string => {
    writeFileSync(join(town.folder, name), yaml);
    return join(town.folder, name);
  };
  const fewer = write('fewer.yaml', 'modules: { Leads: { fields: [Last_Name, Company] } }\n');
  const { code, answer } = await check({ MIRROR_CONFIG: fewer });
  expect([code, verdicts(answer)['changes of Leads']]).toEqual([0, 'warning']);
  expect(detail(answer, 'changes of Leads')).toMatch(
    /the field Email is no longer mirrored, its column stays.*nothing is loaded again/,
  );
  const elsewhere = write(
    'elsewhere.yaml',
    'modules: { Leads: { table: Kunden, columns: { Email: Mail } } }\n',
  );
  expect(detail((await check({ MIRROR_CONFIG: elsewhere })).answer, 'changes of Leads')).toContain(
    'since the last load: table: Leads is now Kunden; the field Email goes into the column Mail, no longer Email; ' +
      'a worker that starts loads the module again',
  );

  const other = await check({ MIRROR_CONFIG: write('other.yaml', 'modules: { Contacts: }\n') });
  expect([other.code, verdicts(other.answer)['module Leads']]).toEqual([0, 'warning']);
  expect(detail(other.answer, 'module Leads')).toContain(
    'is not configured, but workflows of it are running',
  );

  expect(verdicts((await check()).answer)['changes of Leads']).toBeUndefined();
});

test('each thing that is wrong has a line of its own, with what to do, and never a secret', async () => {
  const { code, answer } = await check({
    ZOHO_CLIENT_SECRET: 'not-the-secret-of-it',
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    LEGACY_DB: 'mssql://sa:hunter2secret@127.0.0.1:9/legacy',
    WEBHOOK_SECRET: 'quite-another-secret',
  });
  expect([code, answer.ok]).toEqual([1, false]);
  expect(verdicts(answer)).toMatchObject({
    'Zoho token': 'failed',
    'Zoho scopes': 'skipped',
    database: 'failed',
    "the mirror's tables": 'skipped',
    Temporal: 'failed',
    worker: 'skipped',
    'public address': 'failed',
  });
  expect(detail(answer, 'Zoho token')).toContain('invalid_client_secret');
  expect(detail(answer, 'public address')).toContain('leads to a mirror with another WEBHOOK_SECRET');
  expect(detail(answer, 'Temporal')).toContain('127.0.0.1:9');
  expect(JSON.stringify(answer)).not.toMatch(/hunter2secret|not-the-secret|quite-another/);
});

test('a missing scope is named', async () => {
  town.sim.faults.add({
    kind: 'status',
    route: 'coql',
    status: 401,
    body: '{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"invalid oauth scope","status":"error"}',
  });
  const { code, answer } = await check();
  expect(code).toBe(1);
  expect(detail(answer, 'Zoho scopes')).toContain('refused: ZohoCRM.coql.READ (OAUTH_SCOPE_MISMATCH)');
  // Which leaves the mapping alone.
  expect(detail(answer, 'Zoho scopes')).toContain('zoho-mirror setup --token-only');
});

test("a clock that goes wrong by more than half a minute is a warning, and a little is Zoho's affair", async () => {
  const { clock } = town.sim;
  const seen = async (skewMs: number): Promise<string> => {
    clock.skew(skewMs);
    const { answer } = await check();
    return `${verdicts(answer).clock}: ${detail(answer, 'clock')}`;
  };
  expect(await seen(120_000)).toMatch(
    /^warning: 1(19|20|21) s behind Zoho's \| Set this machine's clock by NTP$/,
  );
  expect(await seen(-120_000)).toMatch(/^warning: 1(19|20|21) s ahead of Zoho's \| /);
  expect(await seen(10_000)).toMatch(/^ok: (9|10|11) s behind Zoho's \| $/);
  clock.skew(0);
});

test('a table of others that lacks columns is refused with the SQL to run, and stays as it was', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'zoho-mirror-check-')), 'legacy.db');
  const legacy = new Sqlite(file);
  legacy.exec('CREATE TABLE Leads (id INTEGER PRIMARY KEY, Last_Name TEXT)');
  const before = legacy.prepare('SELECT sql FROM sqlite_master').all();
  const { code, answer } = await check({ LEGACY_DB: `sqlite:${file}` });
  expect(code).toBe(1);
  expect(verdicts(answer)).toMatchObject({ "the mirror's tables": 'ok', 'table Leads': 'failed' });
  expect(detail(answer, 'table Leads')).toMatch(/has no column zoho_modified_at.*ALTER TABLE/s);
  expect(legacy.prepare('SELECT sql FROM sqlite_master').all()).toEqual(before);
  legacy.close();
});

test('a public address that leads elsewhere, or a worker that is down, fails; without an address it is a warning', async () => {
  const elsewhere = await check({ PUBLIC_URL: town.sim.url });
  expect(detail(elsewhere.answer, 'public address')).toContain("not the mirror's API");
  await town.stop();
  const { PUBLIC_URL: _, ...polling } = town.env;
  const ran = await zohoMirror(['check', '--json'], { env: polling });
  // A server remembers for a while who asked for work; a stopped worker says goodbye.
  expect(verdicts(ran.json() as Answer)).toMatchObject({ 'public address': 'warning' });
  const down = await check();
  expect([down.code, verdicts(down.answer)['public address']]).toEqual([1, 'failed']);
});

test('a wrong configuration is a failed check, a line a problem', async () => {
  const { code, answer } = await check({ ZOHO_CLIENT_ID: '', PORT: 'eighty' });
  expect(code).toBe(1);
  expect(answer.checks.map(({ verdict, detail: text }) => [verdict, text])).toEqual([
    ['failed', 'ZOHO_CLIENT_ID is not set. Needed: the OAuth client id'],
    ['failed', 'PORT=eighty is not valid. Allowed: 0 to 65535'],
  ]);
});
