// Records read in several calls: joined only when nothing moved in between.
import { recordId, type RecordId } from '../../src/mirror/record-id';
import type { Field } from '../../src/mirror';
import { callsPerRead } from '../../src/zoho';
import { failureOf } from './support/failure';
import { json, withScript, type Script, type Seen } from './support/server';

const one = recordId('5725767000000000101');
const two = recordId('5725767000000000102');
const time = (second: number): string => `2026-08-01T10:00:${String(second).padStart(2, '0')}+00:00`;

const field = (apiName: string, richText = false): Field => ({
  apiName,
  dataType: 'text',
  options: [],
  richText,
});
const many = Array.from({ length: 100 }, (_, index) => field(`F${index}`));

/** A module that answers every field with `<name>@<second>`. `secondOf` gives a record's Modified_Time at a request. */
const listing =
  (secondOf: (id: RecordId, count: number) => number | undefined): Script =>
  ({ query }, count) => {
    const names = query.get('fields')?.split(',') ?? [];
    const ids = (query.get('ids') ?? '').split(',').map(recordId);
    const rows = ids.flatMap((id) => {
      const second = secondOf(id, count);
      if (second === undefined) return [];
      return [
        {
          ...Object.fromEntries(names.map((name) => [name, `${name}@${second}`])),
          id,
          Modified_Time: time(second),
        },
      ];
    });
    return rows.length === 0 ? { status: 204 } : json(200, { data: rows });
  };

const fieldCounts = (seen: Seen[]): number[] =>
  seen.map(({ query }) => query.get('fields')?.split(',').length ?? 0);

test('how many calls a record takes is known beforehand', () => {
  const stamped = [field('id'), field('Modified_Time'), ...many];
  expect([0, 50, 51, 98, 99].map((count) => callsPerRead(stamped.slice(0, count)))).toEqual([1, 1, 2, 2, 3]);
});

test('more than 50 fields are read in several calls of at most 50 names and joined', async () => {
  await withScript({ api: listing(() => 1) }, async ({ zoho, seen }) => {
    const { records } = await zoho.recordsByIds('Leads', [one], many);
    expect(fieldCounts(seen)).toEqual([50, 50, 6]);
    expect(seen.every(({ query }) => query.get('fields')?.startsWith('id,Modified_Time,'))).toBe(true);
    expect(Object.keys(records[0]?.fields ?? {})).toHaveLength(102);
    expect(records[0]?.fields).toMatchObject({ F0: 'F0@1', F99: 'F99@1' });
  });
});

test('a record that changed between two calls is read again, alone', async () => {
  const api = listing((id, count) => (id === one && count >= 1 ? 2 : 1));
  await withScript({ api }, async ({ zoho, seen }) => {
    const { records } = await zoho.recordsByIds('Leads', [one, two], many);
    expect(seen.map(({ query }) => query.get('ids'))).toEqual([
      `${one},${two}`,
      `${one},${two}`,
      `${one},${two}`,
      one,
      one,
      one,
    ]);
    const found = Object.fromEntries(
      records.map((record) => [record.id, [record.fields['F0'], record.fields['F99']]]),
    );
    expect(found).toEqual({ [one]: ['F0@2', 'F99@2'], [two]: ['F0@1', 'F99@1'] });
  });
});

test('a record that vanished between two calls is read again before it is absent', async () => {
  const api = listing((id, count) => (id === one && count >= 1 ? undefined : 1));
  await withScript({ api }, async ({ zoho, seen }) => {
    const { records } = await zoho.recordsByIds('Leads', [one, two], many);
    expect(records.map((record) => record.id)).toEqual([two]);
    expect(seen).toHaveLength(6);
  });
});

test('a record that never stands still is a transient failure', async () => {
  await withScript({ api: listing((_, count) => count % 60) }, async ({ zoho }) => {
    expect(await failureOf(zoho.recordsByIds('Leads', [one], many))).toMatchObject({
      verdict: 'transient',
      code: 'RECORDS_MOVING',
    });
  });
});

test('converted records are asked for among Leads only', async () => {
  await withScript({ api: listing(() => 1) }, async ({ zoho, seen }) => {
    await zoho.recordsByIds('Leads', [one], []);
    await zoho.recordsByIds('Contacts', [one], []);
    expect(seen.map(({ query }) => query.get('converted'))).toEqual(['both', null]);
    expect(seen.map(({ query }) => query.get('per_page'))).toEqual(['200', '200']);
  });
});

test('no ids are no request: an empty list would be everything', async () => {
  await withScript({ api: listing(() => 1) }, async ({ zoho, seen }) => {
    expect((await zoho.recordsByIds('Leads', [], [])).records).toEqual([]);
    expect(seen).toEqual([]);
  });
});

test('250 ids are three calls; each record knows when its own was sent, each absent id too', async () => {
  const ids = Array.from({ length: 250 }, (_, index) => recordId(String(1000 + index)));
  let localMs = Date.parse('2026-08-01T10:00:00Z');
  const list = listing((id) => (id === ids[249] ? undefined : 1));
  const api: Script = (...asked) => {
    localMs += 10_000;
    return list(...asked);
  };
  await withScript({ api, options: { clock: () => localMs } }, async ({ zoho, seen }) => {
    const { records, absent } = await zoho.recordsByIds('Leads', ids, []);
    expect(seen.map(({ query }) => query.get('ids')?.split(',').length)).toEqual([100, 100, 50]);
    const first = records[0]!.askedAt;
    expect(records).toHaveLength(249);
    expect(records[100]!.askedAt - first).toBe(10_000);
    expect([...absent].map(([id, at]) => [id, at - first])).toEqual([[ids[249], 20_000]]);
  });
});

test('over 500 ids are a mistake of the caller', async () => {
  const ids = Array.from({ length: 501 }, (_, index) => recordId(String(1000 + index)));
  await withScript({ api: listing(() => 1) }, async ({ zoho }) => {
    expect(await failureOf(zoho.recordsByIds('Leads', ids, []))).toMatchObject({ verdict: 'bug' });
  });
});

test('a module without Modified_Time has records without a time', async () => {
  const api: Script = () => json(200, { data: [{ id: one, Name: 'x' }] });
  await withScript({ api }, async ({ zoho }) => {
    const { records } = await zoho.recordsByIds('Site_Visits', [one], [field('Name')]);
    expect(records).toEqual([
      { id: one, fields: { id: one, Name: 'x' }, askedAt: expect.any(Number) as number },
    ]);
  });
});

describe('rich text', () => {
  const cut = 'c'.repeat(500);
  const full = 'f'.repeat(900);
  /** `seconds`: the Modified_Time of each list read in turn. */
  const rich = (seconds: number[], text: string = cut): Script => {
    let reads = 0;
    return ({ path }) => {
      if (path.endsWith('/actions/fetch_full_data')) return json(200, { data: [{ id: one, Notes: full }] });
      return json(200, {
        data: [{ id: one, Modified_Time: time(seconds[reads++] ?? 0), Notes: text, Plain: cut }],
      });
    };
  };
  const fields = [field('Notes', true), field('Plain')];

  test('that was cut is fetched whole, between two reads that agree', async () => {
    await withScript({ api: rich([1, 1]) }, async ({ zoho, seen }) => {
      const { records } = await zoho.recordsByIds('Leads', [one], fields);
      expect(records[0]?.fields).toMatchObject({ Notes: full, Plain: cut });
      expect(seen.map(({ path }) => path)).toEqual([
        '/crm/v8/Leads',
        '/crm/v8/Leads/actions/fetch_full_data',
        '/crm/v8/Leads',
      ]);
      expect(seen[1]?.query.toString()).toBe(`ids=${one}&fields=Notes`);
      expect(seen[2]?.query.get('fields')).toBe('id,Modified_Time');
    });
  });

  test('that was cut in several calls is fetched for all of them together', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => recordId(String(1000 + index)));
    const isCut = (id: string): boolean => Number(id) % 10 === 0;
    const api: Script = ({ path, query }) => {
      const asked = query.get('ids')!.split(',');
      if (path.endsWith('/actions/fetch_full_data'))
        return json(200, { data: asked.map((id) => ({ id, Notes: full })) });
      const rows = asked.map((id) => ({ id, Modified_Time: time(1), Notes: isCut(id) ? cut : 'short' }));
      return json(200, { data: rows });
    };
    await withScript({ api }, async ({ zoho, seen }) => {
      const { records } = await zoho.recordsByIds('Leads', ids, fields);
      expect(
        seen.map(({ path, query }) => [path.split('/').at(-1), query.get('ids')?.split(',').length]),
      ).toEqual([
        ['Leads', 100],
        ['Leads', 100],
        ['Leads', 50],
        ['fetch_full_data', 25],
        ['Leads', 25],
      ]);
      const right = records.filter(({ id, fields: { Notes } }) => Notes === (isCut(id) ? full : 'short'));
      expect(right).toHaveLength(250);
    });
  });

  test('that changed meanwhile is read again', async () => {
    await withScript({ api: rich([1, 2, 2, 2]) }, async ({ zoho, seen }) => {
      const { records } = await zoho.recordsByIds('Leads', [one], fields);
      expect(records).toHaveLength(1);
      expect(records[0]?.fields['Notes']).toBe(full);
      expect(seen).toHaveLength(6);
    });
  });

  test('that is short needs no second call', async () => {
    await withScript({ api: rich([1], 'x'.repeat(499)) }, async ({ zoho, seen }) => {
      await zoho.recordsByIds('Leads', [one], fields);
      expect(seen).toHaveLength(1);
    });
  });

  test('is fetched record by record before v8', async () => {
    await withScript({ api: rich([1, 1]), options: { apiVersion: 'v7' } }, async ({ zoho, seen }) => {
      await zoho.recordsByIds('Leads', [one], fields);
      expect(seen[1]?.path).toBe(`/crm/v7/Leads/${one}/actions/fetch_full_data`);
    });
  });
});
