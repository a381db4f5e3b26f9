// The worked example of docs/existing-tables.md on SQL Server, with the SQL and the configuration that the page shows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectMssql, mssqlSettings } from '../../src/db/mssql';
import { withMirror, type Mirror } from '../support/mirror';
import { testUrl } from './mssql-server';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'existing-tables.md'), 'utf8');
const name = `Kunden_${Date.now().toString(36)}`;
const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``)
    .exec(page)![1]!
    .replaceAll('dbo.Kunden', `dbo.${name}`);

const admin = connectMssql(mssqlSettings(testUrl()));
const rows = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await admin.raw(sql)) as Record<string, unknown>[];
const own = ['sync_state', 'tombstone', 'rejected_record', 'bookkeeping', 'match_ambiguous', 'match_done'];
/** The suite shares its database, and Leads is a name that others use. */
const forget = async (): Promise<void> => {
  for (const table of own) await rows(`DELETE FROM zoho_mirror.${table} WHERE module = 'Leads'`);
  // The pretended CRM numbers its jobs alike each time.
  await rows(`DELETE FROM zoho_mirror.page_checkpoint WHERE job_id NOT LIKE '%[^0-9]%'`);
};
afterAll(async () => {
  await rows(`DROP TABLE dbo.${name}`);
  await forget();
  await admin.destroy();
});

const previewed = async ({ activities, exportedBy, run }: Mirror) => {
  const { job, report } = await exportedBy({ module: 'Leads', page: 1, dryRun: true });
  const { rows: count = 0, downloadPath = '' } = report;
  await run(activities.previewPage, [
    { module: 'Leads', page: 1, jobId: job.jobId, downloadPath, rows: count, observedAt: job.createdAt },
  ]);
  const found = await run(activities.endPreview, ['Leads']);
  await run(activities.dropComparison, []);
  return found;
};

const matched = async ({ activities, exportedBy, run }: Mirror) => {
  const { job, report } = await exportedBy({ module: 'Leads', page: 1, matchOnly: true });
  const { rows: count = 0, downloadPath = '' } = report;
  await run(activities.offerPage, [
    { module: 'Leads', page: 1, jobId: job.jobId, downloadPath, rows: count, observedAt: job.createdAt },
  ]);
  return run(activities.adoptMatches, ['Leads']);
};

test('from the findings by a dry run to a load, a widened column and a deletion', async () => {
  const options = { yaml: block('yaml'), database: testUrl(), simulator: { records: 60 } };
  await withMirror(options, async (mirror) => {
    const { sim, db, run, activities, load } = mirror;
    await forget();
    await admin.raw(block('sql'));
    const { records } = sim.truth('Leads');
    const withEmail = records.filter(({ Email }) => typeof Email === 'string');
    const [known, twice, long] = withEmail as [(typeof records)[0], (typeof records)[0], (typeof records)[0]];
    sim.crm.edit('Leads', long.id as string, { Last_Name: 'x'.repeat(60) });
    for (const email of [known.Email, twice.Email, twice.Email, 'nobody@example.com'])
      await rows(
        `INSERT INTO dbo.${name} (Nachname, Mail, Rabatt) VALUES (N'Alt', N'${email as string}', 7.5)`,
      );

    const { ready, findings } = await run(activities.inspectModule, ['Leads']);
    expect(ready).toBe(false);
    expect(findings.filter(({ blocks }) => blocks)).toEqual([
      expect.objectContaining({ text: `Table dbo.${name} has no key column ZohoId` }),
    ]);
    const before = await previewed(mirror);
    expect(before).toMatchObject({ adopted: 1, matched: 1, ambiguous: 1, foreign: 3 });
    for (const { statements, blocks } of findings) if (blocks) for (const one of statements) await rows(one);

    const expected = await previewed(mirror);
    expect(expected).toEqual(before);
    const remarks = (await run(activities.openModule, ['Leads'])).remarks ?? [];
    expect(remarks.join('\n')).toContain('Column Nachname takes 40 characters, its field 80 characters');
    expect(await matched(mirror)).toMatchObject({ adopted: 1, ambiguous: 1 });
    const counts = await load();
    expect(counts).toMatchObject({ inserted: expected.inserted, updated: 1, rejected: expected.rejected });
    expect(expected.rejectedBy).toMatchObject({ Nachname: 1 });

    const [adopted] = await rows(`SELECT * FROM dbo.${name} WHERE Mail = N'${known.Email as string}'`);
    expect(adopted).toMatchObject({ KundenNr: 1, Herkunft: 'HAND', Rabatt: 7.5, Geloescht: false });
    expect(adopted!.Betreuer).toMatch(/\S/);
    const [fresh] = await rows(`SELECT TOP (1) * FROM dbo.${name} WHERE Herkunft = 'ZOHO'`);
    expect(fresh).toMatchObject({ Geloescht: false, Rabatt: null });

    // Widened, the rejected record goes in; deleted, it is marked and stays.
    const id = long.id as string;
    // Without NOT NULL, which not every T-SQL server takes here.
    await rows(`ALTER TABLE dbo.${name} ALTER COLUMN Nachname nvarchar(80)`);
    const replay = () => run(activities.rereadRecords, [{ module: 'Leads', ids: [id], expected: [] }]);
    expect((await replay()).counts).toMatchObject({ inserted: 1 });
    expect(await db.listRejects('Leads', { ids: [id] })).toEqual([]);
    sim.crm.remove('Leads', id);
    expect((await replay()).counts).toMatchObject({ deleted: 1 });
    const [deleted] = await rows(`SELECT Geloescht FROM dbo.${name} WHERE ZohoId = ${id}`);
    expect(deleted).toEqual({ Geloescht: true });
  });
}, 240_000);
