// `zoho-mirror schema`: looks, prints and applies, on a database that another application made.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { startSimulator, type Simulator } from '../../simulator';
import { zohoMirror, type Ran } from './commands';

let sim: Simulator;
let legacy: Sqlite.Database;
let env: Record<string, string>;

beforeAll(async () => {
  sim = await startSimulator({ records: 3 });
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-schema-'));
  legacy = new Sqlite(join(folder, 'legacy.db'));
  legacy.exec('CREATE TABLE Kunden (nr INTEGER PRIMARY KEY, Last_Name TEXT, Branch TEXT NOT NULL)');
  writeFileSync(join(folder, 'mirror.yaml'), 'modules: { Leads: { table: Kunden, key: ZohoId } }');
  env = {
    ZOHO_ACCOUNTS_URL: sim.url,
    ZOHO_API_URL: sim.url,
    ZOHO_CLIENT_ID: 'sim-client',
    ZOHO_CLIENT_SECRET: 'sim-secret',
    ZOHO_REFRESH_TOKEN: 'sim-refresh',
    WEBHOOK_SECRET: 'a-secret-of-the-webhook',
    LEGACY_DB: `sqlite:${join(folder, 'legacy.db')}`,
    MIRROR_CONFIG: join(folder, 'mirror.yaml'),
  };
});
afterAll(async () => {
  legacy.close();
  await sim.close();
});

const schema = (...args: string[]): Promise<Ran> => zohoMirror(['schema', ...args], { env });
const tables = (): unknown[] =>
  legacy.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all();

test('check and print change nothing; apply does what adds, once nothing needs a person', async () => {
  const checked = await schema('check', '--json');
  expect(checked.code).toBe(1);
  const { ok, modules } = checked.json() as { ok: boolean; modules: { findings: { text: string }[] }[] };
  expect(ok).toBe(false);
  const texts = modules[0]!.findings.map(({ text }) => text);
  expect(texts).toContain('Table Kunden has no key column ZohoId');
  expect(texts.filter((text) => /Branch/.test(text))).toHaveLength(1);
  expect((await schema('apply')).code).toBe(1);
  legacy.exec('DROP TABLE Kunden; CREATE TABLE Kunden (nr INTEGER PRIMARY KEY, Last_Name TEXT, Branch TEXT)');

  const printed = (await schema('print', 'Leads')).out;
  expect(printed).toContain('ALTER TABLE "Kunden" ADD COLUMN "ZohoId" INTEGER;');
  expect(printed).not.toContain('"Company"');
  const applied = await schema('apply');
  expect([applied.code, applied.err]).toEqual([0, '']);
  expect(applied.out).toContain(
    'Kunden: added ZohoId, added zoho_modified_at, added zoho_observed_at, added zoho_deleted_at',
  );
  expect(tables()).toEqual(expect.arrayContaining(['Kunden', 'zoho_mirror_sync_state']));
  expect((await schema('apply')).out).toContain('Kunden: nothing to do');
  const again = await schema('check');
  expect([again.code, again.out]).toEqual([0, 'Leads: Kunden is as it should be\n']);
  const nothing = await schema('print');
  expect([nothing.code, nothing.out, nothing.err]).toEqual([
    0,
    '',
    'nothing is missing, so there is nothing to run\n',
  ]);
});

test('a module that is not configured is refused in one line', async () => {
  const ran = await schema('check', 'Nope');
  expect([ran.code, ran.out]).toEqual([2, '']);
  expect(ran.err).toBe('zoho-mirror: The module Nope is not configured. Configured: Leads\n');
});
