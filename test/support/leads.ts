// A small module for tests: a few fields of every kind.
import { planMapping, type Field, type Mapping } from '../../src/mirror';

const field = (apiName: string, dataType: string, more: Partial<Field> = {}): Field => ({
  apiName,
  dataType,
  options: [],
  richText: false,
  ...more,
});

export const leadFields: Field[] = [
  field('id', 'bigint'),
  field('Last_Name', 'text', { length: 80 }),
  field('Budget', 'currency', { length: 16, decimalPlaces: 9 }),
  field('Email_Opt_Out', 'boolean'),
  field('Next_Contact', 'date'),
  field('Modified_Time', 'datetime'),
  field('Owner', 'ownerlookup'),
  field('Interests', 'multiselectpicklist', { options: ['Red, white', 'Red', 'Blue'] }),
  field('No_of_Employees', 'integer'),
  field('Tag', 'text'),
];

export const leadMapping = (): Mapping => planMapping('Leads', leadFields, { columns: {}, values: {} });
