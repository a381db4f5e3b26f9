import { MappingError, planMapping } from '../../src/mirror';
import { leadFields } from '../support/leads';

const none = { columns: {}, values: {} };

test('every exportable field is mapped to a column of its own name, the id is not among them', () => {
  const { fields } = planMapping('Leads', leadFields, none);
  expect(fields.map(({ column }) => column)).toEqual([
    'Last_Name',
    'Budget',
    'Email_Opt_Out',
    'Next_Contact',
    'Modified_Time',
    'Owner',
    'Interests',
    'No_of_Employees',
    'Tag',
  ]);
});

test('fields that Bulk Read refuses are skipped with a reason', () => {
  const extra = { apiName: 'Address', dataType: 'text', options: [], richText: false };
  const upload = { apiName: 'Files', dataType: 'fileupload', options: [], richText: false };
  const { skipped } = planMapping('Leads', [...leadFields, extra, upload], none, ['Tag']);
  expect(skipped).toEqual([
    { field: 'Tag', reason: 'Zoho refused to export it' },
    { field: 'Address', reason: 'Bulk Read exports no compound fields' },
    { field: 'Files', reason: 'Bulk Read exports no fileupload' },
  ]);
});

test('a configured field that the module lacks is refused, and the message lists what there is', () => {
  expect(() => planMapping('Leads', leadFields, { ...none, fields: ['Last_Nam'] })).toThrow(
    /Last_Nam.*Its fields are:.*Last_Name/,
  );
  expect(() => planMapping('Leads', leadFields, { ...none, columns: { Nope: 'X' } })).toThrow(MappingError);
});

test('two fields may not go into one column', () => {
  expect(() => planMapping('Leads', leadFields, { ...none, columns: { Budget: 'last_name' } })).toThrow(
    /both go into the column last_name/,
  );
});

test('a module without Modified_Time is refused with the reason', () => {
  expect(() =>
    planMapping(
      'Logs',
      leadFields.filter(({ apiName }) => apiName !== 'Modified_Time'),
      none,
    ),
  ).toThrow(/cannot be ordered/);
});

test('the fingerprint changes with a column, a type or a code, and with nothing else', () => {
  const base = planMapping('Leads', leadFields, none).fingerprint;
  expect(planMapping('Leads', leadFields, none).fingerprint).toBe(base);
  expect(planMapping('Leads', leadFields, { ...none, columns: { Budget: 'B' } }).fingerprint).not.toBe(base);
  expect(
    planMapping('Leads', leadFields, { ...none, values: { Last_Name: { a: 'b' } } }).fingerprint,
  ).not.toBe(base);
  const wider = leadFields.map((field) =>
    field.apiName === 'Last_Name' ? { ...field, length: 120 } : field,
  );
  expect(planMapping('Leads', wider, none).fingerprint).not.toBe(base);
});

test('a field may not go into a column that the mirror writes itself', () => {
  const reserved = { ZohoId: 'key column' };
  const settings = { ...none, columns: { Budget: 'zohoid' }, reserved };
  expect(() => planMapping('Leads', leadFields, settings)).toThrow(
    'Leads: the field Budget goes into the column zohoid, which is the key column',
  );
});

test('a name column knows the dotted fields of a CSV, and is lost alone when Zoho refuses one of them', () => {
  const names = { Owner: 'OwnerName', Campaign: 'CampaignName', Branch: 'BranchName' };
  const metadata = [
    ...leadFields,
    { apiName: 'Campaign', dataType: 'lookup', lookupModule: 'Campaigns', options: [], richText: false },
    { apiName: 'Branch', dataType: 'lookup', lookupModule: 'Branches', options: [], richText: false },
  ];
  const settings = { ...none, fields: ['Last_Name'], names };
  const { fields } = planMapping('Leads', metadata, settings);
  expect(fields.map(({ column, nameFrom }) => [column, nameFrom])).toEqual([
    ['Last_Name', undefined],
    ['OwnerName', ['Owner.first_name', 'Owner.last_name']],
    ['CampaignName', ['Campaign.Campaign_Name']],
    ['BranchName', ['Branch.Name']],
  ]);
  const lost = planMapping('Leads', metadata, settings, ['Branch.Name']);
  expect(lost.fields.map(({ column }) => column)).toEqual(['Last_Name', 'OwnerName', 'CampaignName']);
  expect(lost.skipped).toEqual([{ field: 'Branch.Name', reason: 'Zoho refused to export it' }]);
});

test('only a field that refers to something has a name to bring along', () => {
  const wrong = (names: Record<string, string>) => () => planMapping('Leads', leadFields, { ...none, names });
  expect(wrong({ Budget: 'X' })).toThrow('Leads: Budget is no lookup, so there is no name to bring along');
  expect(wrong({ Nope: 'X' })).toThrow(/Leads has no field Nope/);
  expect(wrong({ Owner: 'Last_Name' })).toThrow(/Last_Name and Owner both go into the column Last_Name/);
});
