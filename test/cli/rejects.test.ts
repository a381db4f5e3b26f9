// `zoho-mirror rejects`: what could not go in is listed, tried again, and settled, against a whole installation.
import Sqlite from 'better-sqlite3';
import { Town } from '../end-to-end/town';
import { zohoMirror } from './commands';

let town: Town;
let refused: string[];
beforeAll(async () => {
  town = await Town.open({
    simulator: { records: 40, pageRows: 25, downloadsPerMinute: 1_000, notify: false },
    yaml: 'modules: { Leads: { table: Kunden, fields: [Last_Name, Email] } }',
  });
  refused = town.sim.crm.table('Leads').ids().slice(0, 3);
  plant(
    'CREATE TABLE Kunden (id INTEGER PRIMARY KEY, Last_Name TEXT, Email TEXT, zoho_modified_at TEXT, zoho_observed_at TEXT, zoho_deleted_at TEXT)',
    `CREATE TRIGGER no_more BEFORE INSERT ON Kunden WHEN NEW.id IN (${refused.join(', ')}) BEGIN SELECT RAISE(ABORT, 'no'); END`,
  );
  expect((await run('sync', 'Leads', '--json')).json()).toMatchObject({ counts: { inserted: 37 } });
});
afterAll(async () => town?.close());

const run = (...args: string[]) => zohoMirror(args, { env: town.env });

function plant(...statements: string[]): void {
  const beside = new Sqlite(town.env.LEGACY_DB!.replace('sqlite:', ''));
  for (const statement of statements) beside.exec(statement);
  beside.close();
}

const secret = (): string => {
  const { Email } = town.sim.truth('Leads').records.find(({ id }) => id === refused[0])!;
  return typeof Email === 'string' ? Email : '';
};

test('rejects are listed without the records; with --raw the contents are shown', async () => {
  const listed = await run('rejects', 'list', 'Leads', '--json');
  expect(listed.code).toBe(0);
  const { open, rejects } = listed.json() as { open: number; rejects: Record<string, unknown>[] };
  expect(open).toBe(3);
  expect(rejects.map(({ id }) => id).sort()).toEqual([...refused].sort());
  expect(rejects[0]).toEqual({
    module: 'Leads',
    id: expect.any(String) as string,
    reason: 'refused by a trigger of the table',
    rejectedAt: expect.stringMatching(/Z$/) as string,
  });
  expect(secret()).toContain('@');
  const words = await run('rejects', 'list');
  expect(words.out).toMatch(/^MODULE +RECORD +COLUMN +WHEN +REASON\n/);
  expect(words.out).not.toContain(secret());
  const raw = await run('rejects', 'list', 'Leads', '--id', refused[0]!, '--raw');
  expect(raw.out).toContain(secret());
  expect(raw.out).toContain('1 of 3');
  expect((await run('rejects', 'list', '--limit', 'x')).code).toBe(2);
});

test('a replay reads them again: refused again they stay, mended they go in', async () => {
  const again = await run('rejects', 'replay', 'Leads', '--id', refused[0]!, '--json');
  expect(again.code).toBe(1);
  expect(again.json()).toMatchObject({ module: 'Leads', replayed: 1, settled: 0, rejected: 1, withoutId: 0 });
  expect(await town.db.openRejects('Leads')).toBe(3);

  plant('DROP TRIGGER no_more');
  town.sim.clock.advance(1_000);
  const mended = await run('rejects', 'replay', '--json');
  expect(mended.json()).toMatchObject({ replayed: 3, settled: 3, rejected: 0, rejects: [] });
  expect(mended.code).toBe(0);
  expect((await run('rejects', 'list')).out).toBe('none\n');
  expect(await town.differences()).toEqual([]);

  const nothing = await run('rejects', 'replay', '--id', refused[0]!);
  expect([nothing.code, nothing.err]).toEqual([
    2,
    `zoho-mirror: Leads has no open reject of ${refused[0]}\n`,
  ]);
});

test('the help of replay shows the same with the Temporal CLI, that of list with SQL', async () => {
  expect((await run('rejects', 'replay', '--help')).out).toContain(
    'The same with the Temporal CLI:\n  temporal workflow signal-with-start ',
  );
  expect((await run('rejects', 'list', '--help')).out).toContain('The same with SQL:\n  SELECT ');
});
