// Reconcile's activities between the real simulator and a real SQLite file: what is found, what is told apart, what is repaired.
import Sqlite from 'better-sqlite3';
import { ApplicationFailure } from '@temporalio/common';
import type { ReconcileReport } from '../../src/activities/reconcile';
import { withMirror, type Mirror } from '../support/mirror';

interface Outcome extends ReconcileReport {
  foreign: number;
  foreignSamples: string[];
}

/** The steps of the workflow, without waiting. `meanwhile` happens between the comparison and the second look. */
async function reconcile(
  mirror: Mirror,
  options: {
    fields?: boolean;
    repair?: boolean;
    confirmed?: boolean;
    meanwhile?: () => Promise<void>;
    settledUpTo?: string;
  } = {},
): Promise<Outcome> {
  const { activities, run } = mirror;
  const { fields = false, repair = false, confirmed = false } = options;
  let before: string | undefined;
  let rows = 0;
  for (let page = 1, token: string | undefined; ; page += 1) {
    const request = {
      module: 'Leads',
      page,
      ...(fields ? {} : { idsOnly: true }),
      ...(token ? { pageToken: token } : {}),
    };
    const { job, report } = await mirror.exportedBy(request);
    before ??= job.createdAt;
    await run(activities.comparePage, [
      {
        module: 'Leads',
        jobId: job.jobId,
        downloadPath: report.downloadPath ?? '',
        rows: report.rows ?? 0,
        observedAt: before,
        page,
        fields,
      },
    ]);
    rows += report.rows ?? 0;
    token = report.nextPageToken;
    if (!token) break;
  }
  const { foreign, foreignSamples } = await run(activities.compareEnd, [
    { module: 'Leads', before, rows, ...(confirmed ? { confirmed } : {}) },
  ]);
  await options.meanwhile?.();
  const { settledUpTo = new Date(mirror.sim.clock.now() + 60_000).toISOString() } = options;
  await run(activities.checkDifferences, [{ module: 'Leads', fields, settledUpTo, last: true }]);
  if (repair) await run(activities.repairDifferences, [{ module: 'Leads', fields }]);
  const report = await run(activities.reportDifferences, []);
  await run(activities.dropComparison, []);
  return { ...report, foreign, foreignSamples };
}

/** As an outsider would: straight into the database. */
function plant({ databasePath }: Mirror, ...statements: string[]): void {
  const beside = new Sqlite(databasePath);
  for (const statement of statements) beside.exec(statement);
  beside.close();
}

const clean = { missing: 0, extra: 0, stale: 0, foreign: 0, rejected: 0, repaired: 0, pending: 0 };
const hourMs = 3_600_000;

const ids = (mirror: Mirror): string[] => [...mirror.sim.crm.table('Leads').ids()];

test('equal sides differ in nothing, by any number of pages, with ids alone and with every field', async () => {
  await withMirror({ simulator: { pageRows: 15 } }, async (mirror) => {
    await mirror.load();
    expect(await reconcile(mirror)).toMatchObject({ ...clean, compared: 40 });
    expect(await reconcile(mirror, { fields: true })).toMatchObject({ ...clean, compared: 40 });
  });
});

test.each(['soft', 'hard'])(
  'what Zoho changed unseen is found and repaired, and the second run is clean (%s)',
  async (deletes) => {
    await withMirror({ yaml: `modules: { Leads: { deletes: ${deletes} } }` }, async (mirror) => {
      await mirror.load();
      const { sim } = mirror;
      const [edited, deleted] = ids(mirror);
      sim.clock.advance(hourMs);
      sim.crm.edit('Leads', edited!, { Last_Name: 'Newer' });
      sim.crm.remove('Leads', deleted!);
      const created = sim.crm.create('Leads', { Last_Name: 'Created' }).id;
      const found = await reconcile(mirror);
      expect(found).toMatchObject({ ...clean, compared: 41, missing: 1, extra: 1, stale: 1 });
      expect(found.samples).toMatchObject({ missing: [created], extra: [deleted], stale: [edited] });
      expect(await reconcile(mirror, { repair: true })).toMatchObject({
        missing: 1,
        extra: 1,
        stale: 1,
        repaired: 3,
      });
      expect(await mirror.differences()).toEqual([]);
      expect(await reconcile(mirror)).toMatchObject(clean);
    });
  },
);

test("an outsider's deleted row is found by ids alone, a changed column only with every field", async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const [changed, deleted, hidden] = ids(mirror);
    plant(
      mirror,
      `UPDATE Leads SET Company = 'Planted' WHERE id = ${changed}`,
      `DELETE FROM Leads WHERE id = ${deleted}`,
      `UPDATE Leads SET zoho_deleted_at = '2026-01-01T00:00:00.000Z' WHERE id = ${hidden}`,
    );
    expect(await reconcile(mirror)).toMatchObject({ ...clean, missing: 2 });
    expect(await reconcile(mirror, { fields: true, repair: true })).toMatchObject({
      missing: 2,
      stale: 1,
      repaired: 3,
    });
    expect(await mirror.differences()).toEqual([]);
    expect(await reconcile(mirror, { fields: true })).toMatchObject(clean);
  });
});

test('trap 19: a formula that moved without Modified_Time is found where every field is compared', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const [drifted] = ids(mirror);
    mirror.sim.crm.drift('Leads', drifted!, { Score_Formula: '987.5' });
    expect(await reconcile(mirror)).toMatchObject(clean);
    const found = await reconcile(mirror, { fields: true, repair: true });
    expect(found).toMatchObject({ ...clean, stale: 1, repaired: 1, samples: { stale: [drifted] } });
    expect((await mirror.rows()).get(drifted!)!.values.map(Number)).toContain(987.5);
    expect(await reconcile(mirror, { fields: true })).toMatchObject(clean);
  });
});

test('a stored Modified_Time from the future gives way to what a re-read shows', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const [live, deleted] = ids(mirror);
    mirror.sim.clock.advance(hourMs);
    mirror.sim.crm.remove('Leads', deleted!);
    plant(
      mirror,
      `UPDATE Leads SET zoho_modified_at = '2099-01-01T00:00:00Z', Company = 'Planted' WHERE id IN (${live}, ${deleted})`,
    );
    expect(await reconcile(mirror, { repair: true })).toMatchObject({ stale: 1, extra: 1, repaired: 2 });
    expect(await mirror.differences()).toEqual([]);
    expect(await reconcile(mirror, { fields: true })).toMatchObject(clean);
  });
});

test('a row that the mirror never wrote is adopted when Zoho shows its id, else counted and left alone', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const [known] = ids(mirror);
    plant(
      mirror,
      `UPDATE Leads SET zoho_observed_at = NULL, zoho_modified_at = NULL WHERE id = ${known}`,
      `INSERT INTO Leads (id, Last_Name) VALUES (777, 'Theirs')`,
    );
    expect(await reconcile(mirror, { repair: true })).toMatchObject({
      missing: 1,
      repaired: 1,
      foreign: 1,
      foreignSamples: ['777'],
    });
    const rows = await mirror.rows();
    expect(rows.get(known!)!.observedAt).toBeDefined();
    expect(rows.get('777')!.observedAt).toBeUndefined();
    expect(await reconcile(mirror)).toMatchObject({ ...clean, foreign: 1 });
  });
});

test('converted leads that the export leaves out are neither extra nor missing', async () => {
  await withMirror({ simulator: { bulkIncludesConverted: false } }, async (mirror) => {
    await mirror.load();
    const [converted] = ids(mirror);
    mirror.sim.clock.advance(hourMs);
    mirror.sim.crm.convert('Leads', converted!);
    await mirror.run(mirror.activities.rereadRecords, [{ module: 'Leads', ids: [converted!], expected: [] }]);
    expect(await reconcile(mirror, { fields: true })).toMatchObject(clean);
  });
});

test('an edit that arrives between comparison and second look is no difference', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const [edited] = ids(mirror);
    const { sim, activities, run } = mirror;
    sim.clock.advance(hourMs);
    sim.crm.edit('Leads', edited!, { Last_Name: 'On its way' });
    const meanwhile = async (): Promise<void> => {
      expect((await run(activities.reportDifferences, [])).pending).toBe(1);
      await run(activities.rereadRecords, [{ module: 'Leads', ids: [edited!], expected: [] }]);
    };
    expect(await reconcile(mirror, { meanwhile })).toMatchObject(clean);
  });
});

test('a record that was modified after the comparison is pending, not different', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const [edited] = ids(mirror);
    const { sim } = mirror;
    sim.clock.advance(hourMs);
    const settledUpTo = new Date(sim.clock.now()).toISOString();
    sim.clock.advance(hourMs);
    sim.crm.edit('Leads', edited!, { Last_Name: 'On its way' });
    expect(await reconcile(mirror, { settledUpTo, repair: true })).toMatchObject({ ...clean, pending: 1 });
  });
});

test('a record that the table refuses is rejected, not missing', async () => {
  await withMirror(
    { yaml: 'modules: { Leads: { values: { Lead_Source: { none: N } } } }' },
    async (mirror) => {
      const { rejected } = await mirror.load();
      expect(rejected).toBeGreaterThan(0);
      expect(await reconcile(mirror, { fields: true, repair: true })).toMatchObject({ ...clean, rejected });
    },
  );
});

test('a refused record that changed unseen is not taken for the version that was refused', async () => {
  await withMirror(
    { yaml: 'modules: { Leads: { values: { Lead_Source: { Referral: R } } } }' },
    async (mirror) => {
      const { sim } = mirror;
      for (const id of ids(mirror)) sim.crm.edit('Leads', id, { Lead_Source: 'Referral' });
      const [mended, worse, deleted, asBefore] = ids(mirror);
      for (const id of [mended, worse, deleted, asBefore])
        sim.crm.edit('Leads', id!, { Lead_Source: 'Fair' });
      await mirror.load();
      sim.clock.advance(hourMs);
      sim.crm.edit('Leads', mended!, { Lead_Source: 'Referral' });
      sim.crm.edit('Leads', worse!, { Lead_Source: 'Worse' });
      sim.crm.remove('Leads', deleted!);
      expect(await reconcile(mirror)).toMatchObject({ ...clean, missing: 1, rejected: 3 });
      expect(await reconcile(mirror, { repair: true })).toMatchObject({
        ...clean,
        missing: 1,
        repaired: 1,
        rejected: 2,
        samples: { missing: [mended], rejected: [worse, asBefore] },
      });
      expect((await mirror.rows()).get(mended!)!.values).toContain('R');
      expect(await reconcile(mirror)).toMatchObject({ ...clean, rejected: 2 });
    },
  );
});

test('what the table could not take is tried again by a repair', async () => {
  await withMirror({}, async (mirror) => {
    const [long, fine] = ids(mirror);
    for (const id of ids(mirror)) mirror.sim.crm.edit('Leads', id, { Company: 'Acme' });
    mirror.sim.crm.edit('Leads', long!, { Company: 'Refused' });
    await mirror.load();
    plant(
      mirror,
      "CREATE TRIGGER narrow BEFORE INSERT ON Leads WHEN NEW.Company = 'Refused' BEGIN SELECT RAISE(ABORT, 'no'); END",
      `DELETE FROM Leads WHERE id IN (${long}, ${fine})`,
    );
    expect(await reconcile(mirror, { repair: true })).toMatchObject({
      ...clean,
      missing: 1,
      repaired: 1,
      rejected: 1,
    });
    expect(await reconcile(mirror)).toMatchObject({ ...clean, rejected: 1 });
    plant(mirror, 'DROP TRIGGER narrow');
    expect(await reconcile(mirror, { repair: true })).toMatchObject({ ...clean, missing: 1, repaired: 1 });
    expect(await mirror.differences()).toEqual([]);
  });
});

test('an export that shows nothing empties nothing before a person has looked', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    mirror.sim.clock.advance(hourMs);
    const { rows } = mirror.sim.crm.table('Leads');
    // Hidden from the user: not in Zoho's list of deletions.
    for (const id of ids(mirror)) rows.delete(id);
    const failure = await reconcile(mirror, { repair: true }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'TooManyUnseen' });
    expect([...(await mirror.rows()).values()].every(({ deletedAt }) => deletedAt === undefined)).toBe(true);
    expect(await reconcile(mirror, { repair: true, confirmed: true })).toMatchObject({
      extra: 40,
      repaired: 40,
    });
  });
});

test('a page that is taken up again goes on behind its last batch, and nothing of a run is left', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    const { activities, run, sim } = mirror;
    const [deleted] = ids(mirror);
    plant(mirror, `DELETE FROM Leads WHERE id = ${deleted}`);
    const { job, report } = await mirror.exportedBy({ module: 'Leads', page: 1, idsOnly: true });
    const page = {
      module: 'Leads',
      jobId: job.jobId,
      downloadPath: report.downloadPath ?? '',
      rows: report.rows ?? 0,
      observedAt: job.createdAt,
      page: 1,
      fields: false,
    };
    sim.faults.add({ kind: 'stall', route: 'bulk.download', times: 1 });
    await run(activities.comparePage, [page]).catch(() => undefined);
    const again = await run(activities.comparePage, [page]);
    expect(again.counts.read).toBe(40);
    const end = await run(activities.compareEnd, [{ module: 'Leads', before: job.createdAt, rows: 40 }]);
    expect(end).toMatchObject({ open: 1, foreign: 0 });
    await run(activities.dropComparison, []);
    const beside = new Sqlite(mirror.databasePath);
    expect(beside.prepare('SELECT count(*) AS n FROM zoho_mirror_comparison_row').get()).toEqual({ n: 0 });
    beside.close();
  });
});
