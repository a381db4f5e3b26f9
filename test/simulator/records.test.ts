// Records, deletions and COQL of the simulator.
import { at, listAt, textAt, withSimulator } from './client';

test('lists need fields, take fifty at most and say nothing with 204', () =>
  withSimulator({ records: 0 }, async ({ call }) => {
    expect(textAt((await call('GET', '/crm/v8/Leads')).json, 'code')).toBe('REQUIRED_PARAM_MISSING');
    const many = Array.from({ length: 51 }, (_, index) => `F${index}`).join(',');
    expect(textAt((await call('GET', `/crm/v8/Leads?fields=${many}`)).json, 'code')).toBe('LIMIT_EXCEEDED');
    const nothing = await call('GET', '/crm/v8/Leads?fields=Email');
    expect([nothing.status, nothing.text]).toEqual([204, '']);
  }));

test('page tokens lead through all records once', () =>
  withSimulator({ records: 450 }, async ({ call, sim }) => {
    const seen: string[] = [];
    let token = '';
    do {
      const { json } = await call(
        'GET',
        `/crm/v8/Leads?fields=Email&page_token=${token}`.replace(/&page_token=$/, ''),
      );
      seen.push(...listAt(json, 'data').map((row) => textAt(row, 'id')));
      token = at(json, 'info.more_records') === true ? textAt(json, 'info.next_page_token') : '';
    } while (token !== '');
    expect([...seen].reverse()).toEqual(sim.crm.table('Leads').ids());
  }));

test('converted leads vanish from lists and ids unless asked for, yet COQL and single reads show them', () =>
  withSimulator({ records: 3 }, async ({ call, control, sim }) => {
    const [id = ''] = sim.crm.table('Leads').ids();
    await control('POST', `records/Leads/${id}/convert`);
    expect((await call('GET', `/crm/v8/Leads?fields=Email&ids=${id}`)).status).toBe(204);
    const both = await call(
      'GET',
      `/crm/v8/Leads?fields=Converted__s,Converted_Date_Time&converted=both&ids=${id},1`,
    );
    expect(listAt(both.json, 'data')).toMatchObject([{ id, Converted__s: true }]);
    const query = await call('POST', '/crm/v8/coql', {
      body: { select_query: `select id, Converted__s from Leads where id = '${id}'` },
    });
    expect(query.json).toMatchObject({
      data: [{ id, Converted__s: true }],
      info: { count: 1, more_records: false },
    });
    expect((await call('GET', `/crm/v8/Leads/${id}`)).status).toBe(200);
  }));

test('an id that is none fails its whole request, where that is wanted', () =>
  withSimulator({ records: 2, unknownIds: 'refused' }, async ({ call, sim }) => {
    const [id = ''] = sim.crm.table('Leads').ids();
    const list = await call('GET', `/crm/v8/Leads?fields=Email&ids=${id},1`);
    expect([list.status, list.json]).toMatchObject([
      400,
      { code: 'INVALID_DATA', details: { param_name: 'ids' } },
    ]);
    const single = await call('GET', '/crm/v8/Leads/1');
    expect([single.status, single.json]).toMatchObject([400, { details: { resource_path_index: 1 } }]);
    expect((await call('GET', `/crm/v8/Leads?fields=Email&ids=${id}`)).status).toBe(200);
  }));

test('a list by ids may lack a record that is there', () =>
  withSimulator({ records: 2 }, async ({ call, sim }) => {
    const [first = '', second = ''] = sim.crm.table('Leads').ids();
    sim.faults.add({ kind: 'leave-out' });
    const list = await call('GET', `/crm/v8/Leads?fields=Email&ids=${first},${second}`);
    expect(listAt(list.json, 'data')).toMatchObject([{ id: second }]);
    expect((await call('GET', `/crm/v8/Leads/${first}`)).status).toBe(200);
  }));

test('a user who may not see the records of a module finds it empty', () =>
  withSimulator({ records: 2 }, async ({ call, sim }) => {
    const [id = ''] = sim.crm.table('Leads').ids();
    sim.crm.hidden.add('Leads');
    expect((await call('GET', '/crm/v8/Leads?fields=Email')).status).toBe(204);
    expect((await call('GET', `/crm/v8/Leads/${id}`)).status).toBe(204);
    expect((await call('GET', '/crm/v8/Leads/deleted')).status).toBe(204);
    sim.crm.hidden.delete('Leads');
    expect((await call('GET', `/crm/v8/Leads/${id}`)).status).toBe(200);
  }));

test('rich text is cut to 500 characters in lists and whole in the full data', () =>
  withSimulator({ records: 1 }, async ({ call, control, sim }) => {
    const [id = ''] = sim.crm.table('Leads').ids();
    const rich = '<p>x</p>'.repeat(200);
    await control('PATCH', `records/Leads/${id}`, { values: { Notes_Rich: rich } });
    const list = await call('GET', `/crm/v8/Leads?fields=Notes_Rich&ids=${id}`);
    expect(textAt(list.json, 'data.0.Notes_Rich')).toHaveLength(500);
    for (const path of [
      `/crm/v8/Leads/actions/fetch_full_data?ids=${id}&fields=Notes_Rich`,
      `/crm/v8/Leads/${id}/actions/fetch_full_data`,
    ])
      expect(textAt((await call('GET', path)).json, 'data.0.Notes_Rich')).toBe(rich);
  }));

test('If-Modified-Since answers 304 when nothing is newer', () =>
  withSimulator({ records: 3 }, async ({ call, sim }) => {
    const headers = { 'if-modified-since': '2026-02-01T00:00:00+00:00' };
    expect((await call('GET', '/crm/v8/Leads?fields=Email', { headers })).status).toBe(304);
    const { id } = sim.crm.create('Leads');
    expect(listAt((await call('GET', '/crm/v8/Leads?fields=Email', { headers })).json, 'data')).toMatchObject(
      [{ id }],
    );
  }));

test('deletions are listed by kind, forgotten after their days, and undone by restore', () =>
  withSimulator({ records: 4, tokenLifetimeSeconds: 100_000_000 }, async ({ call, control, sim }) => {
    expect((await call('GET', '/crm/v8/Leads/deleted?type=all')).status).toBe(204);
    const [soft = '', hard = '', back = ''] = sim.crm.table('Leads').ids();
    await control('DELETE', `records/Leads/${soft}`);
    await control('DELETE', `records/Leads/${back}`);
    await control('DELETE', `records/Leads/${hard}?permanent=true`);
    await control('POST', `records/Leads/${back}/restore`);
    const rows = listAt((await call('GET', '/crm/v8/Leads/deleted?type=all')).json, 'data');
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual(
      expect.objectContaining({
        id: hard,
        type: 'permanent',
        deleted_by: null,
        display_name: null,
        created_by: null,
      }),
    );
    expect((await call('GET', `/crm/v8/Leads/${soft}`)).status).toBe(204);
    expect((await call('GET', `/crm/v8/Leads/${back}`)).status).toBe(200);
    sim.clock.advance(61 * 86_400_000);
    expect(listAt((await call('GET', '/crm/v8/Leads/deleted')).json, 'data')).toMatchObject([{ id: hard }]);
  }));

test('COQL walks by Modified_Time and id, as incremental readers do', () =>
  withSimulator({ records: 300 }, async ({ call, sim }) => {
    const seen: string[] = [];
    let from = { time: '2020-01-01T00:00:00+00:00', id: '0' };
    for (;;) {
      const where = `Modified_Time >= '${from.time}' AND Modified_Time < '2030-01-01T00:00:00Z' AND (Modified_Time > '${from.time}' OR id > ${from.id})`;
      const select_query = `SELECT id, Modified_Time FROM Leads WHERE ${where} ORDER BY Modified_Time ASC, id ASC LIMIT 70`;
      const answer = await call('POST', '/crm/v8/coql', { body: { select_query } });
      if (answer.status === 204) break;
      const rows = listAt(answer.json, 'data');
      seen.push(...rows.map((row) => textAt(row, 'id')));
      from = { time: textAt(rows.at(-1), 'Modified_Time'), id: textAt(rows.at(-1), 'id') };
    }
    expect([...seen].sort()).toEqual(sim.crm.table('Leads').ids());
  }));

test('COQL refuses nonsense and unknown columns', () =>
  withSimulator({}, async ({ call }) => {
    const ask = (select_query: string) => call('POST', '/crm/v8/coql', { body: { select_query } });
    expect(textAt((await ask('select id Leads')).json, 'code')).toBe('SYNTAX_ERROR');
    expect(textAt((await ask("select Nope from Leads where id > '1'")).json, 'code')).toBe('INVALID_QUERY');
    expect(textAt((await ask('select id from Leads limit 2001')).json, 'code')).toBe('LIMIT_EXCEEDED');
    expect(
      listAt(
        (await ask("select id from Leads where Lead_Status in ('Open','Closed') and Budget > 1.5")).json,
        'data',
      ).length,
    ).toBeGreaterThan(0);
  }));

test('two edits of one second share Modified_Time; a formula moves without it', () =>
  withSimulator({ records: 1 }, async ({ control, sim, call }) => {
    const [id = ''] = sim.crm.table('Leads').ids();
    sim.clock.freeze();
    const first = await control('PATCH', `records/Leads/${id}`, { values: { Company: 'One' } });
    const second = await control('PATCH', `records/Leads/${id}`, { values: { Company: 'Two' } });
    expect(at(second, 'Modified_Time')).toBe(at(first, 'Modified_Time'));
    sim.clock.advance(60_000);
    await control('POST', `records/Leads/${id}/drift`, { values: { Score_Formula: '77.5' } });
    const { json, text } = await call('GET', `/crm/v8/Leads/${id}`);
    expect(text).toContain('"Score_Formula":77.5,');
    expect(at(json, 'data.0.Modified_Time')).toBe(at(first, 'Modified_Time'));
  }));

test('the truth pages through every live record in canonical form', () =>
  withSimulator({ records: 30 }, async ({ control, sim }) => {
    const [id = '', gone = ''] = sim.crm.table('Leads').ids();
    await control('PATCH', `records/Leads/${id}`, {
      values: { Budget: '1.5', Interests: ['CRM'], Last_Activity_Time: '2026-01-02T03:04:05+01:00' },
    });
    await control('DELETE', `records/Leads/${gone}`);
    const first = await control('GET', 'records/Leads?format=truth&limit=20');
    expect(at(first, 'records.0')).toMatchObject({
      id,
      Budget: '1.500000000',
      Interests: ['CRM'],
      Last_Activity_Time: '2026-01-02T02:04:05Z',
      Converted__s: false,
    });
    expect(at(first, 'deleted')).toEqual([gone]);
    const rest = await control('GET', `records/Leads?cursor=${textAt(first, 'next_cursor')}&limit=20`);
    expect(listAt(first, 'records').length + listAt(rest, 'records').length).toBe(29);
    expect(at(rest, 'next_cursor')).toBeNull();
  }));

test('the same seed makes the same records and the same mutations', async () => {
  const worlds: unknown[] = [];
  for (let run = 0; run < 2; run += 1)
    await withSimulator({ records: 40, seed: 7 }, async ({ control, sim }) => {
      sim.clock.freeze();
      sim.clock.set(Date.UTC(2027, 0, 1));
      const touched = await control('POST', 'mutate', {
        module: 'Leads',
        creates: 3,
        edits: 10,
        deletes: 4,
        converts: 2,
        drifts: 2,
        seed: 9,
      });
      worlds.push([touched, sim.truth('Leads')]);
    });
  expect(worlds[1]).toEqual(worlds[0]);
});
