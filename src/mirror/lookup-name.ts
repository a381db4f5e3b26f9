// What the other side of a lookup is called: JSON says it beside the id, a CSV only where a dotted field asks for it.
import type { Field, JsonValue } from './field';

const userTypes = new Set(['ownerlookup', 'userlookup']);

/** The field that names a record, where it is not `Name`. Modules of an org's own have `Name`. */
const nameFields: Readonly<Record<string, string>> = {
  Accounts: 'Account_Name',
  Calls: 'Subject',
  Campaigns: 'Campaign_Name',
  Cases: 'Subject',
  Contacts: 'Full_Name',
  Deals: 'Deal_Name',
  Events: 'Event_Title',
  Invoices: 'Subject',
  Leads: 'Full_Name',
  Price_Books: 'Price_Book_Name',
  Products: 'Product_Name',
  Purchase_Orders: 'Subject',
  Quotes: 'Subject',
  Sales_Orders: 'Subject',
  Solutions: 'Solution_Title',
  Tasks: 'Subject',
  Vendors: 'Vendor_Name',
};

/** The dotted fields of which a CSV's name consists, in order; undefined for a field that refers to nothing. */
export function dottedNames({ apiName, dataType, lookupModule }: Field): string[] | undefined {
  if (userTypes.has(dataType)) return [`${apiName}.first_name`, `${apiName}.last_name`];
  if (dataType !== 'lookup') return undefined;
  return [`${apiName}.${nameFields[lookupModule ?? ''] ?? 'Name'}`];
}

/** Of a user without a first name only the last one is shown, in both shapes. */
export const joinedName = (cells: readonly string[]): string =>
  cells
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '')
    .join(' ');

export const nameInJson = (value: JsonValue | undefined): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value.name === 'string'
    ? value.name.trim()
    : '';
