// The client against the simulator, over HTTP.
import { mutate, startSimulator, type Simulator, type SimulatorOptions } from '../../simulator';
import { instant, parseInstant } from '../../src/mirror/instant';
import { recordId, type RecordId } from '../../src/mirror/record-id';
import { createZoho, type BulkJob, type Zoho } from '../../src/zoho';
import { failureOf } from './support/failure';

interface Mirrored {
  zoho: Zoho;
  sim: Simulator;
  ids: RecordId[];
}

async function withZoho(
  options: Partial<SimulatorOptions>,
  test: (both: Mirrored) => Promise<void>,
  clock?: () => number,
): Promise<void> {
  const sim = await startSimulator({ notify: false, ...options });
  const zoho = createZoho({
    apiUrl: sim.url,
    accountsUrl: sim.url,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    refreshToken: 'sim-refresh',
    timeoutMs: 5_000,
    stallMs: 200,
    clock,
  });
  try {
    await test({ zoho, sim, ids: sim.crm.table('Leads').ids().map(recordId) });
  } finally {
    await zoho.close();
    await sim.close();
  }
}

async function finished(zoho: Zoho, sim: Simulator, job: BulkJob): Promise<BulkJob> {
  await sim.jobs.complete(job.id);
  return zoho.bulkJob(job.id);
}

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const long = instant(0);

test('modules and fields are read with what the mirror needs', async () => {
  await withZoho({ records: 1 }, async ({ zoho }) => {
    expect(await zoho.modules()).toContainEqual({
      apiName: 'Inner_Logs',
      apiSupported: false,
    });
    const fields = new Map((await zoho.fields('Leads')).map((field) => [field.apiName, field]));
    expect(fields.get('Notes_Rich')).toMatchObject({ dataType: 'textarea', length: 50_000, richText: true });
    expect(fields.get('Description')?.richText).toBe(false);
    expect(fields.get('Budget')).toMatchObject({ dataType: 'currency', decimalPlaces: 9 });
    expect(fields.get('Score_Formula')).toMatchObject({ dataType: 'formula', returnType: 'double' });
    expect(fields.get('Rating')?.options).toEqual(['Active', 'Market Failed', 'Shut Down']);
    expect(await failureOf(zoho.fields('Nothing'))).toMatchObject({
      verdict: 'refused',
      code: 'INVALID_MODULE',
    });
  });
});

test('a chain of bulk jobs goes on by token and its files come down whole', async () => {
  await withZoho({ records: 5, pageRows: 3 }, async ({ zoho, sim }) => {
    const first = await finished(zoho, sim, await zoho.createBulkJob({ module: 'Leads', fields: ['Email'] }));
    expect(first).toMatchObject({ state: 'completed', result: { count: 3, moreRecords: true } });
    const token = first.result?.nextPageToken ?? '';
    const second = await finished(zoho, sim, await zoho.continueBulkJob(token, undefined));
    expect(second).toMatchObject({ state: 'completed', result: { count: 2, moreRecords: false } });
    const zip = await bytesOf(await zoho.download(second.result?.downloadPath ?? ''));
    expect(zip.subarray(0, 2).toString()).toBe('PK');
  });
});

test('an expired page token, a forgotten job and a field that bulk cannot read are refused by code', async () => {
  await withZoho({ records: 5, pageRows: 3 }, async ({ zoho, sim }) => {
    const first = await finished(zoho, sim, await zoho.createBulkJob({ module: 'Leads', fields: ['Email'] }));
    sim.jobs.expireTokens();
    const token = first.result?.nextPageToken ?? '';
    expect(await failureOf(zoho.continueBulkJob(token, undefined))).toMatchObject({
      verdict: 'refused',
      code: 'EXPIRED_VALUE',
    });
    sim.jobs.forget(first.id);
    expect(await failureOf(zoho.bulkJob(first.id))).toMatchObject({
      verdict: 'refused',
      code: 'RESOURCE_NOT_FOUND',
    });
    const path = first.result?.downloadPath ?? '';
    expect(await failureOf(zoho.download(path))).toMatchObject({
      verdict: 'refused',
      code: 'RESOURCE_NOT_FOUND',
    });
    expect(await failureOf(zoho.createBulkJob({ module: 'Leads', fields: ['Address'] }))).toMatchObject({
      verdict: 'refused',
      details: { api_name: 'Address' },
    });
  });
});

test('a stalled, a cut and an eleventh download fail as what they are', async () => {
  await withZoho({ records: 50, downloadsPerMinute: 3 }, async ({ zoho, sim }) => {
    const job = await finished(zoho, sim, await zoho.createBulkJob({ module: 'Leads', fields: ['Email'] }));
    const path = job.result?.downloadPath ?? '';
    sim.faults.add({ kind: 'stall', route: 'bulk.download' });
    expect(await failureOf(zoho.download(path).then(bytesOf))).toMatchObject({ code: 'STALLED' });
    sim.faults.add({ kind: 'cut', route: 'bulk.download' });
    expect(await failureOf(zoho.download(path).then(bytesOf))).toMatchObject({ verdict: 'transient' });
    await bytesOf(await zoho.download(path));
    expect(await failureOf(zoho.download(path))).toMatchObject({ verdict: 'throttled', waitMs: 60_000 });
  });
});

test('trap 17: records by id come whole: every field, rich text uncut, converted leads included', async () => {
  await withZoho({ records: 3 }, async ({ zoho, sim, ids }) => {
    const [first, second, third] = ids;
    if (!first || !second || !third) throw new Error('three leads');
    const rich = 'é'.repeat(2_000);
    sim.crm.edit('Leads', first, { Notes_Rich: rich, Budget: '12345678901234567.123456789' });
    sim.crm.convert('Leads', second);
    sim.crm.remove('Leads', third);
    const answer = await zoho.recordsByIds('Leads', ids, await zoho.fields('Leads'));
    const found = new Map(answer.records.map((record) => [record.id, record]));
    expect([...found.keys()].sort()).toEqual([first, second].sort());
    expect(found.get(first)?.fields).toMatchObject({
      Notes_Rich: rich,
      Budget: '12345678901234567.123456789',
    });
    expect(found.get(second)?.fields['Converted__s']).toBe(true);
    expect((await zoho.recordById('Leads', third, [])).record).toBeUndefined();
    const single = await zoho.recordById('Leads', first, await zoho.fields('Leads'));
    expect(single.record).toMatchObject({ id: first, fields: { Notes_Rich: rich } });
  });
});

test("times are Zoho's, however wrong the local clock is", async () => {
  await withZoho({ records: 1 }, async ({ zoho, sim, ids }) => {
    sim.clock.set(parseInstant('2030-01-01T00:00:00Z'));
    const { askedAt } = await zoho.recordsByIds('Leads', ids, []);
    const received = await zoho.receivedDate();
    for (const time of [askedAt, received, zoho.now()]) {
      expect(Math.abs(time - parseInstant('2030-01-01T00:00:00Z'))).toBeLessThan(10_000);
    }
  });
});

test('a channel lives as Zoho says: opened, changed, read, lost, stopped', async () => {
  await withZoho({ records: 1 }, async ({ zoho, sim }) => {
    const day = 86_400_000;
    const request = {
      channelId: '1000000068001',
      module: 'Leads',
      notifyUrl: 'http://127.0.0.1:9/x',
      token: 'secret',
    };
    const soon = await zoho.subscribe({ ...request, expiresAt: instant(sim.clock.now() + 6 * day) });
    expect(soon.expiresAt - sim.clock.now()).toBeGreaterThan(5.9 * day);
    const overAWeek = await zoho.updateChannel({ ...request, expiresAt: instant(sim.clock.now() + 8 * day) });
    expect(overAWeek.expiresAt - sim.clock.now()).toBeLessThanOrEqual(day / 24);
    expect(await zoho.readChannel('Leads', request.channelId)).toEqual({
      channelId: request.channelId,
      expiresAt: overAWeek.expiresAt,
      notifyUrl: request.notifyUrl,
      events: ['Leads.all'],
    });
    sim.channels.kill();
    expect(await zoho.readChannel('Leads', request.channelId)).toBeUndefined();
    const lost = zoho.updateChannel({ ...request, expiresAt: instant(sim.clock.now() + day) });
    expect(await failureOf(lost)).toMatchObject({ verdict: 'refused', code: 'NOT_SUBSCRIBED' });
    await zoho.unsubscribe(request.channelId);
  });
});

test('trap 19: changes are walked in keyset order, and deletions are listed page by page', async () => {
  await withZoho({ records: 2_500 }, async ({ zoho, sim }) => {
    const range = { since: long, until: instant(sim.clock.now() + 60_000) };
    const first = await zoho.changedPage('Leads', range);
    expect(first).toMatchObject({ more: true });
    expect(first.records).toHaveLength(2_000);
    const second = await zoho.changedPage('Leads', { ...range, after: first.records.at(-1) });
    expect(second).toMatchObject({ more: false });
    const ids = [...first.records, ...second.records].map((record) => record.id);
    expect(new Set(ids).size).toBe(2_500);
    expect(await zoho.hasMoreChanged('Leads', long, 2_499)).toBe(true);
    expect(await zoho.hasMoreChanged('Leads', long, 2_500)).toBe(false);
    const { deleted } = mutate(sim.crm, { module: 'Leads', deletes: 250 });
    const pages = [await zoho.deletedPage('Leads', long, 1), await zoho.deletedPage('Leads', long, 2)];
    expect(pages.map(({ records, more }) => [records.length, more])).toEqual([
      [200, true],
      [50, false],
    ]);
    expect(pages.flatMap(({ records }) => records.map((record) => record.id)).sort()).toEqual(
      [...deleted].sort(),
    );
  });
});

test('credits are counted as the simulator counts them', async () => {
  await withZoho({ records: 3 }, async ({ zoho, sim, ids }) => {
    await zoho.createBulkJob({ module: 'Leads', fields: ['Email'] });
    await zoho.recordsByIds('Leads', ids, []);
    await zoho.deletedPage('Leads', long, 1);
    await zoho.changedPage('Leads', { since: long, until: instant(sim.clock.now()) });
    expect(zoho.credits().spent).toBe(sim.credits.used());
  });
});

test('faults of the service are classified', async () => {
  const clock = { ms: Date.now() };
  const later = (): void => void (clock.ms += 20_000);
  await withZoho(
    { records: 1 },
    async ({ zoho, sim }) => {
      await zoho.modules();
      sim.faults.add({ kind: 'status', status: 503 });
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', status: 503 });
      sim.faults.add({ kind: 'too-many-requests' });
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'throttled' });
      later();
      sim.faults.add({ kind: 'bulk-429-in-400', route: 'bulk.create' });
      expect(await failureOf(zoho.createBulkJob({ module: 'Leads', fields: [] }))).toMatchObject({
        verdict: 'throttled',
        status: 400,
      });
      later();
      sim.faults.add({ kind: 'reset', route: 'settings.modules' });
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'NETWORK' });
      sim.faults.add({ kind: 'truncate', route: 'settings.modules' });
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient', code: 'NOT_JSON' });
      sim.faults.add({ kind: 'unauthorized', route: 'settings.modules' });
      await zoho.modules();
    },
    () => clock.ms,
  );
});
