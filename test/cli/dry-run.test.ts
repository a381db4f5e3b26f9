// A table with rows of its own: what a load would do is said before the first write, and the load does just that.
import Sqlite from 'better-sqlite3';
import { Town } from '../end-to-end/town';
import { zohoMirror } from './commands';

let town: Town;
beforeAll(async () => {
  town = await Town.open({
    simulator: { records: 30, pageRows: 12, downloadsPerMinute: 1_000, notify: false },
    yaml: `
modules:
  Leads:
    table: Kunden
    key: ZohoId
    schema: check
    bookkeeping: side-table
    deletedFlag: { Geloescht: 1 }
    fields: [Last_Name, Email, Email_Opt_Out]
    columns: { Last_Name: Nachname }
    names: { Owner: Betreuer }
    values: { Email_Opt_Out: { true: J, false: N } }
    constants: { Herkunft: ZOHO }
    match: [Email]
`,
  });
});
afterAll(async () => town?.close());

const run = (...args: string[]) => zohoMirror(args, { env: town.env });

function beside<T>(work: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(town.env.LEGACY_DB!.replace('sqlite:', ''));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const rows = (): Record<string, unknown>[] =>
  beside((database) => database.prepare('SELECT * FROM Kunden ORDER BY Nr').all()) as Record<
    string,
    unknown
  >[];

test('a dry run counts what the load then does', async () => {
  const { records } = town.sim.truth('Leads');
  const withEmail = records.filter(({ Email }) => typeof Email === 'string');
  const [known, twice, foreign] = [withEmail[0]!, withEmail[1]!, 'nobody@example.com'];
  const tooLong = records.filter(
    ({ Last_Name }) => typeof Last_Name === 'string' && Last_Name.length > 12,
  ).length;
  beside((database) => {
    database.exec(
      `CREATE TABLE Kunden (Nr INTEGER PRIMARY KEY, Nachname VARCHAR(12), Email VARCHAR(100), Email_Opt_Out VARCHAR(1),
         Betreuer VARCHAR(60), Herkunft VARCHAR(10), Geloescht INTEGER, Rabatt INTEGER)`,
    );
    const insert = database.prepare('INSERT INTO Kunden (Nachname, Email, Rabatt) VALUES (?, ?, 7)');
    for (const email of [known.Email, twice.Email, twice.Email, foreign]) insert.run('Alt', email);
  });
  const before = rows();

  const early = await run('sync', 'Leads', '--dry-run', '--json');
  expect(early.code).toBe(1);
  expect(early.json()).toMatchObject({
    ready: false,
    findings: [{ text: 'Table Kunden has no key column ZohoId', blocks: true }],
    adopted: 1,
    ambiguous: 1,
  });
  expect((await run('schema', 'apply', 'Leads')).code).toBe(0);

  const dry = await run('sync', 'Leads', '--dry-run', '--json');
  expect(dry.err).not.toContain('needs you');
  expect(dry.code).toBe(0);
  const said = dry.json() as Record<string, number> & { rejectedBy: object; samples: object };
  expect(said).toMatchObject({
    module: 'Leads',
    phase: 'done',
    table: 'Kunden',
    ready: true,
    inserted: 30 - 1 - tooLong,
    updated: 0,
    unchanged: 0,
    adopted: 1,
    matched: 1,
    ambiguous: 1,
    rejected: tooLong,
    rejectedBy: tooLong > 0 ? { Nachname: tooLong } : {},
    foreign: 3,
    unseen: 0,
    samples: { ambiguous: [twice.id] },
  });
  expect(rows()).toEqual(before.map((row) => ({ ...row, ZohoId: null })));
  expect(beside((one) => one.prepare('SELECT count(*) FROM zoho_mirror_match_candidate').pluck().get())).toBe(
    0,
  );

  const loaded = await run('sync', 'Leads', '--json');
  expect(loaded.code).toBe(0);
  expect(loaded.json()).toMatchObject({
    counts: { inserted: said.inserted, updated: 1, rejected: said.rejected },
    remarks: expect.arrayContaining(['1 old rows were matched']) as unknown,
  });
  const after = rows();
  expect(after[0]).toMatchObject({ Nr: 1, Email: known.Email, Rabatt: 7, Herkunft: null });
  expect(String(after[0]!.Betreuer)).not.toBe('null');
  expect(after.slice(1, 4)).toEqual(before.slice(1).map((row) => ({ ...row, ZohoId: null })));
  expect(after.slice(4).every(({ Herkunft, Geloescht }) => Herkunft === 'ZOHO' && Geloescht === 0)).toBe(
    true,
  );
  expect(await town.db.matching.ambiguous('Leads', 10)).toEqual([{ id: twice.id, rows: 2, records: 1 }]);

  const words = await run('sync', '--dry-run');
  expect(words.out).toContain('Leads: nothing was written. Kunden can be loaded; of 30 records');
  expect(words.out).toContain(`${30 - tooLong} stay as they are`);
  expect(words.out).toContain("3 rows of the table are not Zoho's and stay as they are");
}, 180_000);
