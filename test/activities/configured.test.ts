// The configuration as the table shows it: table, fields, columns, constants, codes; and what is refused at once.
import Database from 'better-sqlite3';
import { withMirror } from '../support/mirror';

const yaml = `
modules:
  Leads:
    table: dbo.Kunden
    fields: [Last_Name, Email_Opt_Out, Lead_Status]
    columns: { id: ZohoId, Last_Name: Nachname }
    values: { Email_Opt_Out: { true: J, false: N } }
    deletes: hard
  Nonsense: {}
`;

test('table, fields, columns, the key and codes are as configured, and nothing else is mirrored', async () => {
  await withMirror({ yaml }, async ({ load, sim, databasePath }) => {
    const [id] = sim.crm.table('Leads').ids();
    sim.crm.edit('Leads', id!, { Last_Name: 'Åström', Email_Opt_Out: true, Lead_Status: null });
    expect(await load()).toMatchObject({ read: 40, inserted: 40, rejected: 0 });
    const file = new Database(databasePath, { readonly: true });
    const columns = file.prepare('SELECT name FROM pragma_table_info(?)').pluck().all('Kunden');
    expect(columns).toEqual([
      'ZohoId',
      'Nachname',
      'Email_Opt_Out',
      'Lead_Status',
      'zoho_modified_at',
      'zoho_observed_at',
      'zoho_deleted_at',
    ]);
    const row = file
      .prepare(
        'SELECT CAST(ZohoId AS TEXT) AS id, Nachname, Email_Opt_Out, Lead_Status FROM Kunden WHERE ZohoId = CAST(? AS INTEGER)',
      )
      .get(id);
    expect(row).toEqual({ id, Nachname: 'Åström', Email_Opt_Out: 'J', Lead_Status: null });
    file.close();
  });
});

test('a second load of unchanged data inserts and updates nothing', async () => {
  await withMirror({ yaml }, async ({ load }) => {
    await load();
    expect(await load()).toEqual({
      read: 40,
      inserted: 0,
      updated: 0,
      unchanged: 40,
      stale: 0,
      deleted: 0,
      rejected: 0,
    });
  });
});

test('a module that Zoho does not have fails at once and lists those that it has', async () => {
  await withMirror({ yaml }, async ({ activities, run }) => {
    await expect(run(activities.openModule, ['Nonsense'])).rejects.toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: expect.stringMatching(/Zoho has no module Nonsense.*Leads.*Contacts/),
    });
  });
});

test('a module that is not configured fails at once and lists those that are', async () => {
  await withMirror({ yaml }, async ({ activities, run }) => {
    await expect(run(activities.openModule, ['Deals'])).rejects.toMatchObject({
      type: 'InvalidInput',
      message: 'The module Deals is not configured. Configured: Leads, Nonsense',
    });
  });
});

test('a configured field that the module lacks degrades, and the message lists its fields', async () => {
  const wrong = yaml.replace('Lead_Status]', 'Led_Status]');
  await withMirror({ yaml: wrong }, async ({ activities, run }) => {
    await expect(run(activities.openModule, ['Leads'])).rejects.toMatchObject({
      type: 'SchemaMismatch',
      message: expect.stringMatching(/Leads has no field Led_Status\. Its fields are:.*Lead_Status/),
    });
  });
});

test('a table of others gets the fields that it has columns for, and the others are said', async () => {
  await withMirror(
    { yaml: 'modules: { Leads: { bookkeeping: side-table, deletedFlag: { Gone: 1 } } }' },
    async (mirror) => {
      const file = new Database(mirror.databasePath);
      file.exec(
        'CREATE TABLE Leads (id INTEGER PRIMARY KEY, Last_Name TEXT, Company TEXT, Gone INTEGER, Own TEXT)',
      );
      const before = file.prepare('SELECT sql FROM sqlite_master WHERE name = ?').pluck().get('Leads');
      const { remarks = [] } = await mirror.run(mirror.activities.openModule, ['Leads']);
      expect(remarks).toContain('Email is not mirrored: the table has no column for it');
      const [id] = mirror.sim.crm.table('Leads').ids();
      expect(await mirror.load()).toMatchObject({ read: 40, inserted: 40 });
      expect((await mirror.plan()).mapping.fields.map(({ column }) => column).sort()).toEqual([
        'Company',
        'Last_Name',
      ]);
      mirror.sim.crm.remove('Leads', id!);
      await mirror.run(mirror.activities.rereadRecords, [{ module: 'Leads', ids: [id!], expected: [] }]);
      expect(file.prepare('SELECT CAST(id AS TEXT) AS id, Gone FROM Leads WHERE Gone = 1').all()).toEqual([
        { id, Gone: 1 },
      ]);
      expect(file.prepare('SELECT count(*) FROM Leads WHERE Gone = 0').pluck().get()).toBe(39);
      expect(file.prepare('SELECT sql FROM sqlite_master WHERE name = ?').pluck().get('Leads')).toBe(before);
      file.close();
    },
  );
});

test('lookups and owners bring their name into a second column, the same by an export as by a re-read', async () => {
  const named = `
modules:
  Leads:
    fields: [Last_Name, Owner]
    names: { Owner: OwnerName, Campaign: CampaignName, Created_By: Author }
`;
  await withMirror({ yaml: named }, async ({ activities, run, load, sim, databasePath }) => {
    expect(await load()).toMatchObject({ read: 40, inserted: 40, rejected: 0 });
    const { records } = sim.truth('Leads');
    const ids = [...sim.crm.table('Leads').ids()];
    const file = new Database(databasePath, { readonly: true });
    const rows = file
      .prepare('SELECT CAST(Owner AS TEXT) AS owner, OwnerName, CampaignName, Author FROM Leads ORDER BY id')
      .all() as Record<string, string | null>[];
    expect(new Set(rows.map(({ owner, OwnerName }) => `${owner} ${OwnerName}`))).toEqual(
      new Set([
        '5725767000000411001 Patricia Boyle',
        '5725767000000411002 Jürgen Weiß',
        '5725767000000411003 佐藤 花子',
      ]),
    );
    // A lookup that is empty has no name either.
    const empty = records.filter(({ Campaign }) => Campaign === null).length;
    expect(empty).toBeGreaterThan(0);
    expect(rows.filter(({ CampaignName }) => CampaignName === null)).toHaveLength(empty);
    expect(rows.find(({ CampaignName }) => CampaignName !== null)!.CampaignName).toMatch(/ \d+$/);
    file.close();
    const reread = await run(activities.rereadRecords, [{ module: 'Leads', ids, expected: [] }]);
    expect(reread.counts).toMatchObject({ read: 40, unchanged: 40 });
  });
});
