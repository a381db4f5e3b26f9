// The way of a CSV row: export, download, load. The simulator breaks what a test wants broken.
import type { LoadPage } from '../../src/activities';
import { createZoho } from '../../src/zoho';
import { eventually } from '../support/eventually';
import { withMirror, type Mirror } from '../support/mirror';

const pageOf = async ({ exported }: Mirror): Promise<LoadPage> => {
  const { job, report } = await exported();
  return {
    module: 'Leads',
    jobId: job.jobId,
    downloadPath: report.downloadPath!,
    rows: report.rows!,
    observedAt: job.createdAt,
  };
};

const typeOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error as { type?: string }).type,
  );

test('a whole module arrives as it is, over several pages', async () => {
  await withMirror({ simulator: { pageRows: 15 } }, async (mirror) => {
    expect(await mirror.load()).toEqual({
      read: 40,
      inserted: 40,
      updated: 0,
      unchanged: 0,
      stale: 0,
      deleted: 0,
      rejected: 0,
    });
    expect(await mirror.differences()).toEqual([]);
  });
});

test('loading again reads every row and changes none', async () => {
  await withMirror({}, async (mirror) => {
    await mirror.load();
    expect(await mirror.load()).toMatchObject({ read: 40, inserted: 0, updated: 0, unchanged: 40 });
    expect(await mirror.differences()).toEqual([]);
  });
});

test.each(['stall', 'cut'] as const)(
  'after a download that ends half-way (%s) the next attempt goes on behind the last committed batch',
  async (kind) => {
    // Enough rows that half of a compressed file holds some batches.
    await withMirror({ simulator: { records: 400 } }, async (mirror) => {
      const { activities, db, run, sim } = mirror;
      await run(activities.openModule, ['Leads']);
      const page = await pageOf(mirror);
      sim.faults.add({ kind, route: 'bulk.download' });
      expect(await typeOf(run(activities.loadPage, [page]))).toMatch(/^(ZohoTransient|PageIncomplete)$/);
      const left = (await db.checkpoint(page.jobId))!;
      expect(left.complete).toBe(false);
      expect(left.rowsDone).toBeGreaterThan(0);
      expect(left.rowsDone % 10).toBe(0);

      const loaded = await run(activities.loadPage, [page], { attempt: 2 });
      expect(loaded.resumedAtRow).toBe(left.rowsDone);
      expect(loaded).toMatchObject({ rows: 400, counts: { read: 400, inserted: 400 } });
      expect(await mirror.differences()).toEqual([]);
    });
  },
);

test('a page that was loaded is not downloaded again', async () => {
  await withMirror({}, async (mirror) => {
    const { activities, run, sim } = mirror;
    await run(activities.openModule, ['Leads']);
    const page = await pageOf(mirror);
    const first = await run(activities.loadPage, [page]);
    const downloads = sim.stats.count('bulk.download');
    expect(await run(activities.loadPage, [page], { attempt: 2 })).toEqual({ ...first, resumedAtRow: 40 });
    expect(sim.stats.count('bulk.download')).toBe(downloads);
  });
});

test.each(['truncate', 'corrupt', 'short'] as const)(
  'a file that is broken at the end of Zoho (%s) is tried again, and exported again after the third attempt',
  async (kind) => {
    await withMirror({ simulator: { records: 200 } }, async (mirror) => {
      const { activities, db, run, sim } = mirror;
      await run(activities.openModule, ['Leads']);
      const page = await pageOf(mirror);
      sim.faults.add({ kind, route: 'bulk.download', times: -1, ...(kind === 'short' ? { rows: 3 } : {}) });
      for (const attempt of [1, 2])
        expect(await typeOf(run(activities.loadPage, [page], { attempt }))).toBe('PageIncomplete');
      expect((await db.checkpoint(page.jobId))?.complete ?? false).toBe(false);
      expect(await typeOf(run(activities.loadPage, [page], { attempt: 3 }))).toBe('ExportGone');

      sim.faults.clear();
      await mirror.load();
      expect(await mirror.differences()).toEqual([]);
    });
  },
);

test('a file that Zoho no longer has means a new export at once', async () => {
  await withMirror({}, async (mirror) => {
    const { activities, run, sim } = mirror;
    await run(activities.openModule, ['Leads']);
    const page = await pageOf(mirror);
    sim.jobs.forget(page.jobId);
    expect(await typeOf(run(activities.loadPage, [page]))).toBe('ExportGone');
    expect(await typeOf(run(activities.readExport, [page.jobId]))).toBe('ExportGone');
  });
});

test('trap 12: a page token that has expired breaks the chain', async () => {
  await withMirror({ simulator: { pageRows: 15 } }, async ({ activities, exported, run, sim }) => {
    const { report } = await exported();
    sim.jobs.expireTokens();
    const next = run(activities.createExport, [
      { module: 'Leads', page: 2, pageToken: report.nextPageToken! },
    ]);
    expect(await typeOf(next)).toBe('ChainExpired');
  });
});

test('trap 12: the page token of another user breaks the chain too', async () => {
  const simulator = { pageRows: 15, otherRefreshTokens: ['of-somebody-else'] };
  await withMirror({ simulator }, async ({ activities, db, run, sim }) => {
    const other = createZoho({
      accountsUrl: sim.url,
      apiUrl: sim.url,
      apiVersion: 'v8',
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      refreshToken: 'of-somebody-else',
    });
    const { id } = await other.createBulkJob({ module: 'Leads', fields: ['Modified_Time'], page: 1 });
    const token = await eventually('the export', async () => (await other.bulkJob(id)).result?.nextPageToken);
    const next = run(activities.createExport, [{ module: 'Leads', page: 2, pageToken: token }]);
    expect(await typeOf(next)).toBe('ChainExpired');
    expect((await db.state('Leads')).watermark).toBeUndefined();
    await other.close();
  });
});

const refuseExportOf = (sim: Mirror['sim'], field: string, times = 1): void =>
  sim.faults.add({
    kind: 'status',
    route: 'bulk.create',
    times,
    status: 400,
    body: JSON.stringify({
      status: 'error',
      code: 'FIELD_NOT_SUPPORTED',
      message: 'the field is not supported',
      details: { api_name: field },
    }),
  });

test('trap 15: fields that Bulk Read refuses are dropped one by one, remembered until the next complete load, and the export is made without them', async () => {
  await withMirror({}, async (mirror) => {
    const { activities, db, run, sim } = mirror;
    const refuse = (field: string): void => refuseExportOf(sim, field);
    refuse('Skype_ID');
    refuse('Fax');
    await run(activities.createExport, [{ module: 'Leads', page: 1 }]);
    expect((await db.state('Leads')).droppedFields.sort()).toEqual(['Fax', 'Skype_ID']);
    const { mapping } = await mirror.plan();
    expect(mapping.fields.map(({ column }) => column)).not.toContain('Fax');
    expect((await run(activities.openModule, ['Leads'])).skipped.map(({ field }) => field)).toContain('Fax');

    refuse('Fax');
    await run(activities.createExport, [{ module: 'Leads', page: 1 }]);
    expect((await db.state('Leads')).droppedFields).toEqual(['Fax']);
    await run(activities.createExport, [{ module: 'Leads', page: 1, modifiedSince: '2026-01-01T00:00:00Z' }]);
    expect((await db.state('Leads')).droppedFields).toEqual(['Fax']);
  });
});

test('a field that Zoho refuses in a dry run is left out too, and still no table is made', async () => {
  await withMirror({}, async ({ activities, db, run, sim }) => {
    const made = jest.spyOn(db, 'ensureTable');
    refuseExportOf(sim, 'Fax');
    await run(activities.createExport, [{ module: 'Leads', page: 1, dryRun: true }]);
    expect(sim.stats.count('bulk.create')).toBe(2);
    expect(made).not.toHaveBeenCalled();
  });
});

test.each([
  ['Modified_Time', 1],
  ['Owner', 2],
])(
  'a refusal of %s, which is asked for whatever was refused, ends the try and is a matter for a person',
  async (field, jobs) => {
    const yaml = 'modules: { Leads: { names: { Owner: OwnerName } } }';
    await withMirror({ yaml }, async ({ activities, db, run, sim }) => {
      refuseExportOf(sim, field, -1);
      const asked = run(activities.createExport, [{ module: 'Leads', page: 1 }]);
      await expect(asked).rejects.toMatchObject({ type: 'ZohoPermanent', nonRetryable: true });
      expect(sim.stats.count('bulk.create')).toBe(jobs);
      expect((await db.state('Leads')).droppedFields).not.toContain('Modified_Time');
    });
  },
);

test('trap 4: a late CSV row does not resurrect a deleted record; Zoho is asked again before the row counts as done', async () => {
  await withMirror({}, async (mirror) => {
    const { activities, run, sim } = mirror;
    await mirror.load();
    const [id] = sim.crm.table('Leads').ids();
    const late = await pageOf(mirror);
    sim.clock.advance(60_000);
    sim.crm.remove('Leads', id!);
    const { counts } = await run(activities.rereadRecords, [{ module: 'Leads', ids: [id!], expected: [] }]);
    expect(counts.deleted).toBe(1);
    // As an export that was made after the deletion, and lags all the same.
    sim.clock.advance(60_000);
    const lagging = { ...late, observedAt: new Date(sim.clock.now()).toISOString() };
    expect((await run(activities.loadPage, [lagging])).counts).toMatchObject({ read: 40, stale: 1 });
    expect((await mirror.rows()).get(id!)!.deletedAt).toBeDefined();
    expect(await mirror.differences()).toEqual([]);
  });
});

test('a record that was restored while an export ran is live again after its late row', async () => {
  await withMirror({}, async (mirror) => {
    const { activities, run, sim } = mirror;
    await mirror.load();
    const [id] = sim.crm.table('Leads').ids();
    sim.crm.remove('Leads', id!);
    await run(activities.rereadRecords, [{ module: 'Leads', ids: [id!], expected: [] }]);
    expect((await mirror.rows()).get(id!)!.deletedAt).toBeDefined();
    sim.clock.advance(60_000);
    // Neither moves Modified_Time nor tells anybody: only the export shows it.
    sim.crm.restore('Leads', id!, { touch: false });
    await run(activities.loadPage, [await pageOf(mirror)]);
    expect((await mirror.rows()).get(id!)!.deletedAt).toBeUndefined();
    expect(await mirror.differences()).toEqual([]);
  });
});

test('trap 14: a job whose answer was lost is made again; the orphan costs its credits and nothing else', async () => {
  await withMirror({}, async (mirror) => {
    const { activities, run, sim } = mirror;
    await run(activities.openModule, ['Leads']);
    sim.faults.add({ kind: 'reset', route: 'bulk.create', phase: 'after' });
    expect(await typeOf(run(activities.createExport, [{ module: 'Leads', page: 1 }]))).toBe('ZohoTransient');
    expect(sim.jobs.list()).toHaveLength(1);
    expect(await mirror.load()).toMatchObject({ read: 40, inserted: 40 });
    expect(sim.jobs.list()).toHaveLength(2);
    expect(await mirror.differences()).toEqual([]);
  });
});
