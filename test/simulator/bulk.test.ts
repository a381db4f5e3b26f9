// Bulk Read of the simulator: states, pages, files, refusals.
import {
  at,
  download,
  listAt,
  rowsOf,
  startReceiver,
  textAt,
  until,
  unzip,
  withSimulator,
  worldOf,
} from './client';

const LEADS = { module: { api_name: 'Leads' } };

test('pages follow page tokens and hold every id of the first moment exactly once', () =>
  withSimulator({ records: 25, pageRows: 10 }, async (world) => {
    const before = [...world.sim.crm.table('Leads').rows.keys()];
    const seen: string[] = [];
    let query: unknown = { ...LEADS, fields: ['Last_Name', 'Modified_Time'] };
    for (const page of [1, 2, 3]) {
      const id = await world.bulk(query);
      world.sim.crm.create('Leads');
      const done = await world.finished(id);
      expect(done).toMatchObject({
        state: 'COMPLETED',
        result: { page, per_page: 200000, count: page === 3 ? 5 : 10, more_records: page < 3 },
      });
      const file = unzip(await download(world, id));
      expect(file.name).toBe(`${id}.csv`);
      expect(file.text.split('\n')[0]).toBe('Id,Last_Name,Modified_Time');
      seen.push(...rowsOf(file.text).map((row) => row.Id ?? ''));
      query = { page_token: at(done, 'result.next_page_token') };
    }
    expect(seen).not.toEqual([...seen].sort());
    expect([...seen].sort()).toEqual(before);
  }));

test('v6 knows page numbers and no tokens', () =>
  withSimulator({ records: 15, pageRows: 10 }, async ({ call, sim, control }) => {
    for (const page of [1, 2])
      await call('POST', '/crm/bulk/v6/read', { body: { query: { ...LEADS, page } } });
    await control('POST', 'jobs/complete');
    const [first, second] = sim.jobs.list();
    const status = await call('GET', `/crm/bulk/v6/read/${first?.id}`);
    expect(at(status.json, 'data.0.result.more_records')).toBe(true);
    expect(at(status.json, 'data.0.result.next_page_token')).toBeUndefined();
    const ids = [...(first?.rows ?? []), ...(second?.rows ?? [])].map((row) => row.id);
    expect(new Set(ids).size).toBe(15);
  }));

test('cells and JSON tell the same exact values in their own shapes', () =>
  withSimulator({ records: 120 }, async (world) => {
    const [id = ''] = world.sim.crm.table('Leads').ids();
    await world.control('PATCH', `records/Leads/${id}`, {
      values: {
        Budget: '12345678901234567.123456789',
        Interests: ['CRM', 'Travel, hotels'],
        Description: 'a "b",\r\nc',
        Email_Opt_Out: true,
        Next_Contact: null,
      },
    });
    const job = await world.bulk(LEADS);
    await world.finished(job);
    const row = rowsOf(unzip(await download(world, job)).text).find((found) => found.Id === id);
    expect(row).toMatchObject({
      Budget: '12345678901234567.123456789',
      Interests: 'CRM;Travel, hotels',
      Description: 'a "b",\r\nc',
      Email_Opt_Out: 'true',
      Next_Contact: '',
    });
    expect(row?.Owner).toMatch(/^57257670000004110\d\d$/);
    expect(row?.Modified_Time).toMatch(/T\d\d:\d\d:\d\d-0[78]:00$/);
    const single = await world.call('GET', `/crm/v8/Leads/${id}`);
    expect(single.text).toContain('"Budget":12345678901234567.123456789,');
    expect(at(single.json, 'data.0.Interests')).toEqual(['CRM', 'Travel, hotels']);
    expect(at(single.json, 'data.0.Modified_Time')).toBe(row?.Modified_Time);
  }));

test('one bad field fails the whole job and is named', () =>
  withSimulator({}, async ({ call }) => {
    const ask = (fields: string[]) =>
      call('POST', '/crm/bulk/v8/read', { body: { query: { ...LEADS, fields } } });
    expect((await ask(['Email', 'Nope'])).json).toMatchObject({
      code: 'FIELD_NOT_AVAILABLE',
      details: { api_name: 'Nope', module: 'Leads' },
    });
    for (const name of ['Address', 'Attachment_File', 'Related_People', 'Line_Items']) {
      const refused = await ask(['Email', name]);
      expect([
        refused.status,
        textAt(refused.json, 'code'),
        textAt(refused.json, 'details.api_name'),
      ]).toEqual([400, 'FIELD_NOT_SUPPORTED', name]);
    }
  }));

test('a request without content type is refused with 415', () =>
  withSimulator({}, async ({ sim, authorization }) => {
    const body = new Blob([JSON.stringify({ query: LEADS })]);
    const response = await fetch(`${sim.url}/crm/bulk/v8/read`, {
      method: 'POST',
      headers: { authorization },
      body,
    });
    expect([response.status, textAt(await response.json(), 'code')]).toEqual([
      415,
      'MEDIA_TYPE_NOT_SUPPORTED',
    ]);
  }));

test('criteria choose by time; milliseconds are refused', () =>
  withSimulator({ records: 50 }, async (world) => {
    const touched = world.sim.crm.create('Leads');
    const criteria = (value: string) => ({
      field: { api_name: 'Modified_Time' },
      comparator: 'greater_equal',
      value,
    });
    const job = await world.bulk({
      ...LEADS,
      criteria: {
        group_operator: 'and',
        group: [criteria('2026-02-01T00:00:00+00:00'), criteria('2026-02-02T00:00:00Z')],
      },
    });
    await world.finished(job);
    expect(rowsOf(unzip(await download(world, job)).text).map((row) => row.Id)).toEqual([touched.id]);
    const refused = await world.call('POST', '/crm/bulk/v8/read', {
      body: { query: { ...LEADS, criteria: criteria('2026-02-01T00:00:00.000Z') } },
    });
    expect(textAt(refused.json, 'data.0.code')).toBe('FIELD_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE');
  }));

test('an empty answer is a normal completed job', () =>
  withSimulator({}, async (world) => {
    const job = await world.bulk({
      ...LEADS,
      fields: ['Email'],
      criteria: { field: { api_name: 'Last_Name' }, comparator: 'equal', value: 'nobody at all' },
    });
    expect(await world.finished(job)).toMatchObject({
      state: 'COMPLETED',
      result: { count: 0, more_records: false },
    });
    expect(unzip(await download(world, job)).text).toBe('Id,Email\n');
  }));

test('a held job lets records be edited: its file is older than the record', () =>
  withSimulator({ records: 5 }, async (world) => {
    await world.control('POST', 'jobs/hold');
    const job = await world.bulk({ ...LEADS, fields: ['Company'] });
    await until(
      () => world.job(job),
      (seen) => textAt(seen, 'state') === 'IN PROGRESS',
    );
    const [id = ''] = world.sim.crm.table('Leads').ids();
    await world.control('PATCH', `records/Leads/${id}`, { values: { Company: 'Newer' } });
    await world.control('POST', 'jobs/release');
    await world.finished(job);
    const text = unzip(await download(world, job)).text;
    expect(rowsOf(text)).toHaveLength(5);
    expect(text).not.toContain('Newer');
  }));

test('the callback is posted on completion and on failure', () =>
  withSimulator({}, async (world) => {
    const receiver = await startReceiver();
    try {
      const callback = { url: receiver.url, method: 'post' };
      const good = await world.bulk(LEADS, { callback });
      await until(
        () => receiver.bodies.length,
        (count) => count === 1,
      );
      expect(receiver.bodies[0]).toMatchObject({ data: [{ id: good, state: 'COMPLETED' }] });
      world.sim.faults.add({ kind: 'fail-job' });
      await world.bulk(LEADS, { callback });
      await until(
        () => receiver.bodies.length,
        (count) => count === 2,
      );
      expect(receiver.bodies[1]).toMatchObject({
        data: [{ state: 'FAILURE', result: { error_message: { code: 'INTERNAL_SERVER_ERROR' } } }],
      });
    } finally {
      await receiver.close();
    }
  }));

test('a page token is bound to its user and dies after a day; files and jobs die too', () =>
  withSimulator(
    { records: 15, pageRows: 10, otherRefreshTokens: ['other'], tokenLifetimeSeconds: 200_000 },
    async (world) => {
      const job = await world.bulk(LEADS);
      const query = { page_token: at(await world.finished(job), 'result.next_page_token') };
      const other = await worldOf(world.sim, 'other');
      expect(textAt((await other.call('POST', '/crm/bulk/v8/read', { body: { query } })).json, 'code')).toBe(
        'INVALID_DATA',
      );
      expect((await other.call('GET', `/crm/bulk/v8/read/${job}`)).status).toBe(404);
      const both = await world.call('POST', '/crm/bulk/v8/read', { body: { query: { ...query, ...LEADS } } });
      expect(textAt(both.json, 'code')).toBe('INVALID_DATA');
      world.sim.clock.advance(86_400_001);
      expect(textAt((await world.call('POST', '/crm/bulk/v8/read', { body: { query } })).json, 'code')).toBe(
        'EXPIRED_VALUE',
      );
      const gone = await world.call('GET', `/crm/bulk/v8/read/${job}/result`);
      expect([gone.status, textAt(gone.json, 'code')]).toEqual([404, 'RESOURCE_NOT_FOUND']);
    },
  ));

test('the eleventh download of a minute is a 429; repeated downloads are byte for byte the same', () =>
  withSimulator({}, async (world) => {
    const job = await world.bulk(LEADS);
    await world.finished(job);
    const files = [];
    for (let made = 0; made < 10; made += 1) files.push((await download(world, job)).toString('base64'));
    expect(new Set(files).size).toBe(1);
    const path = `/crm/bulk/v8/read/${job}/result`;
    expect((await world.call('GET', path)).status).toBe(429);
    world.sim.clock.advance(60_001);
    expect((await world.call('GET', path)).status).toBe(200);
  }));

test('metadata lists the traps that Bulk Read refuses', () =>
  withSimulator({}, async ({ call }) => {
    const fields = listAt((await call('GET', '/crm/v8/settings/fields?module=Leads')).json, 'fields');
    const types = Object.fromEntries(
      fields.map((field) => [textAt(field, 'api_name'), textAt(field, 'data_type')]),
    );
    expect(fields.length).toBeGreaterThanOrEqual(44);
    expect(types).toMatchObject({
      id: 'bigint',
      Budget: 'currency',
      Line_Items: 'subform',
      Related_People: 'multiselectlookup',
    });
    const modules = listAt((await call('GET', '/crm/v8/settings/modules')).json, 'modules');
    expect(modules.filter((module) => at(module, 'api_supported') === false)).toHaveLength(1);
  }));
