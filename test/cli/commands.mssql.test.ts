// What people type, on SQL Server: from the first look at a table of others to a refused record that goes in after all.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Town } from '../end-to-end/town';
import { beside, emptyDatabase, testUrl, type Beside } from '../integration/mssql-server';
import { zohoMirror, type Ran } from './commands';

const yaml = `
modules:
  Leads:
    table: dbo.Kunden
    key: ZohoId
    bookkeeping: side-table
    deletedFlag: { Geloescht: true }
    fields: [Last_Name, Email]
    columns: { Last_Name: Nachname }
    constants: { Herkunft: ZOHO }
    match: [Email]
`;
const records = 40;

let town: Town;
let owner: Beside;
beforeAll(async () => {
  owner = beside();
  await emptyDatabase(['dbo.Kunden']);
  await owner.sql(
    `CREATE TABLE dbo.Kunden (Nr int IDENTITY PRIMARY KEY, Nachname nvarchar(80) NULL, Email varchar(100) NULL,
       Herkunft varchar(10) NULL, Geloescht bit NULL, Rabatt int NULL)`,
  );
  town = await Town.open({
    simulator: { records, pageRows: 25, downloadsPerMinute: 1_000, notify: false },
    yaml,
    env: { LEGACY_DB: testUrl() },
  });
});
afterAll(async () => {
  await town?.close();
  await emptyDatabase(['dbo.Kunden']);
  await owner.close();
});

const run = (...args: string[]): Promise<Ran> =>
  zohoMirror(args, { env: town.env, cwd: mkdtempSync(join(tmpdir(), 'zoho-mirror-cli-')) });
const one = async (statement: string): Promise<unknown> => Object.values((await owner.sql(statement))[0]!)[0];

test('check names the server, and says what the table lacks', async () => {
  const { code, json } = await run('check', '--json');
  const { checks } = json() as { checks: { check: string; verdict: string; detail: string }[] };
  const of = (name: string) => checks.find(({ check }) => check === name)!;
  expect(code).toBe(1);
  expect(of('database')).toMatchObject({
    verdict: 'ok',
    detail: expect.stringMatching(/ \d+\.\d+\.\d+\.\d+, \w+/),
  });
  expect(of("the mirror's tables")).toMatchObject({ verdict: 'ok', detail: 'are there' });
  expect(of('table dbo.Kunden')).toMatchObject({
    verdict: 'failed',
    detail: expect.stringContaining('Table dbo.Kunden has no key column ZohoId'),
  });
});

test('schema check, print and apply: looked at, written down, done', async () => {
  const checked = await run('schema', 'check');
  expect(checked.code).toBe(1);
  expect(checked.out).toContain('Leads: dbo.Kunden cannot be loaded yet\n');
  expect(checked.out).toContain('error 1934');
  const printed = await run('schema', 'print', 'Leads');
  expect([printed.code, printed.out]).toEqual([
    0,
    'ALTER TABLE [dbo].[Kunden] ADD [ZohoId] bigint NULL;\n' +
      'CREATE UNIQUE INDEX [zoho_mirror_key_Kunden] ON [dbo].[Kunden] ([ZohoId]) WHERE [ZohoId] IS NOT NULL;\n',
  ]);
  const applied = await run('schema', 'apply');
  expect(applied.code).toBe(0);
  expect(applied.out).toMatch(/^dbo\.Kunden: added ZohoId\n/);
  const again = await run('schema', 'check');
  expect([again.code, again.out]).toEqual([0, 'Leads: dbo.Kunden is as it should be\n']);
});

test('a dry run counts, a load does it, status shows it, and a record that was refused is replayed', async () => {
  const { Email } = town.sim.truth('Leads').records.find((record) => typeof record.Email === 'string')!;
  await owner.sql(
    `INSERT INTO dbo.Kunden (Nachname, Email, Rabatt) VALUES (N'Alt', '${Email as string}', 7)`,
  );
  const refused = town.sim.crm.table('Leads').ids().at(-1)!;
  town.sim.crm.edit('Leads', refused, { Last_Name: '東京', Email: 'zo\u00eb@\u6771.example' });

  const dry = await run('sync', 'Leads', '--dry-run', '--json');
  expect(dry.code).toBe(0);
  expect(dry.json()).toMatchObject({
    ready: true,
    inserted: records - 2,
    matched: 1,
    rejected: 1,
    foreign: 0,
  });
  expect(await one('SELECT COUNT(*) FROM dbo.Kunden')).toBe(1);

  const loaded = await run('sync', 'Leads', '--json');
  expect(loaded.code).toBe(0);
  expect(loaded.json()).toMatchObject({ counts: { inserted: records - 2, updated: 1 } });
  expect(await one(`SELECT Rabatt FROM dbo.Kunden WHERE Email = '${Email as string}' AND ZohoId > 0`)).toBe(
    7,
  );

  const status = await run('status', 'Leads', '--json');
  expect(status.json()).toMatchObject({ modules: [{ rows: { live: records - 1 }, openRejects: 1 }] });

  const listed = await run('rejects', 'list', 'Leads', '--json');
  expect(listed.json()).toMatchObject({ open: 1, rejects: [{ id: refused, column: 'Email' }] });
  // Not every T-SQL server takes NULL here.
  await owner.sql('ALTER TABLE dbo.Kunden ALTER COLUMN Email nvarchar(100)');
  const replayed = await run('rejects', 'replay', 'Leads', '--json');
  expect([replayed.code, replayed.json()]).toMatchObject([0, { replayed: 1, settled: 1, rejected: 0 }]);
  expect(await one(`SELECT Nachname FROM dbo.Kunden WHERE ZohoId = ${refused}`)).toBe('東京');
  expect(await one(`SELECT Herkunft FROM dbo.Kunden WHERE ZohoId = ${refused}`)).toBe('ZOHO');
});
