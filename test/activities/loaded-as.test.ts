// What a change of the configuration, or of Zoho's fields, is called, and whether it needs a load.
import { changesSince, inWords, loadedAs, loadFingerprint, targetTable } from '../../src/activities';
import type { ModuleConfig } from '../../src/config';
import { planMapping, type Field } from '../../src/mirror';
import { leadFields } from '../support/leads';

const settings: ModuleConfig = {
  table: 'dbo.Leads',
  deletes: 'soft',
  bookkeeping: { modifiedAt: 'm', observedAt: 'o', deletedAt: 'd' },
  deletedFlag: [],
  key: 'id',
  constants: {},
  values: {},
  columns: {},
  names: {},
  match: [],
};

function planOf(change: Partial<ModuleConfig> = {}, fields: readonly Field[] = leadFields) {
  const changed = { ...settings, ...change };
  const mapping = planMapping('Leads', fields, changed);
  return { mapping, table: targetTable(changed, mapping) };
}
const stored = (plan = planOf()) => ({ fingerprint: loadFingerprint(plan), loadedAs: loadedAs(plan) });

const changes = (change: Partial<ModuleConfig>, fields?: readonly Field[]) =>
  changesSince(stored(), planOf(change, fields)).map(({ text, reloads }) => [text, reloads]);

test('nothing has changed: constants, the order of fields and who may alter the table are no changes', () => {
  expect(changes({})).toEqual([]);
  expect(changes({ constants: { Source: 'ZOHO' }, schema: 'check' })).toEqual([]);
  expect(changes({}, [...leadFields].reverse())).toEqual([]);
});

test('another table, key, bookkeeping or flag is a load; another way to delete counts from now on', () => {
  expect(changes({ table: 'dbo.Kunden' })).toEqual([['table: dbo.Leads is now dbo.Kunden', true]]);
  expect(changes({ key: 'ZohoId' })).toEqual([['key: id is now ZohoId', true]]);
  expect(changes({ bookkeeping: 'side-table', deletes: 'hard' })).toEqual([
    ['bookkeeping: columns m, o, d is now side-table', true],
    ['deletes: soft is now hard, for records that are deleted from now on', false],
  ]);
  expect(changes({ deletedFlag: [{ column: 'Gone', deleted: 1, live: 0 }] })).toEqual([
    ['deletedFlag is another one', true],
  ]);
});

test('fields are named: new, mapped otherwise, of another type, with other codes', () => {
  const wider = leadFields.map((field) =>
    field.apiName === 'Last_Name' ? { ...field, length: 120 } : field,
  );
  expect(
    changes({ columns: { Budget: 'Betrag' }, values: { Interests: { Red: 'R' } }, names: { Owner: 'Who' } }, [
      ...wider,
      { apiName: 'Rating', dataType: 'text', options: [], richText: false },
    ]),
  ).toEqual([
    ['the field Last_Name is text 120, no longer text 80', true],
    ['the field Budget goes into the column Betrag, no longer Budget', true],
    ['the field Interests is text 255, no longer text of any length', true],
    ['the field Interests has another list of codes', true],
    ['the field Rating is new', true],
    ['the field Owner (its name) is new', true],
  ]);
});

test('a field that is gone needs no load, and one that comes back does', () => {
  const fewer = planOf({ fields: ['Last_Name'] });
  expect(
    changes({ fields: leadFields.map(({ apiName }) => apiName).filter((name) => name !== 'Tag') }),
  ).toEqual([['the field Tag is no longer mirrored, its column stays', false]]);
  expect(inWords(changesSince(stored(fewer), planOf({ fields: ['Last_Name', 'Tag'] })))).toBe(
    'the field Tag is new',
  );
});

test('a database of an earlier version knows the mapping by its fingerprint alone, and is not loaded again for that', () => {
  const plan = planOf();
  expect(changesSince({ fingerprint: plan.mapping.fingerprint }, plan)).toEqual([]);
  const other = planOf({ columns: { Budget: 'Betrag' } });
  expect(changesSince({ fingerprint: plan.mapping.fingerprint }, other)).toEqual([
    { text: 'fields, columns or the table are others than those of the last load', reloads: true },
  ]);
});

test('a load that ended under other settings than it began with is not taken for one under those', () => {
  const began = loadFingerprint(planOf());
  expect(changesSince({ fingerprint: began }, planOf())).toEqual([]);
  expect(changesSince({ fingerprint: began }, planOf({ table: 'dbo.Kunden' }))).toHaveLength(1);
});
