// Which of Zoho's modules can be mirrored, and which one somebody may have meant who named another.
import { distance } from 'fastest-levenshtein';
import type { ZohoModule } from '../../zoho';

/** The API supports them, and exports none of their records (Zoho's "Bulk Read limitations"). */
const notExported = new Set(['Notes', 'Attachments', 'Emails']);

/** Letters added, dropped or changed. */
const mostSlips = 2;

export const mirrorable = (known: readonly ZohoModule[]): string[] =>
  known
    .filter(({ apiName, apiSupported }) => apiSupported && !notExported.has(apiName))
    .map(({ apiName }) => apiName);

/** Why a module cannot be mirrored, and what may be meant. Undefined where nothing is known against it, as with a list that is not to be had. */
export function refusalOf(name: string, known: readonly ZohoModule[]): string | undefined {
  const found = known.find(({ apiName }) => apiName === name);
  if (known.length === 0 || found?.apiSupported) return undefined;
  if (found) return `Zoho's API gives no access to the module ${name}`;
  const names = mirrorable(known);
  const meant = names.filter((one) => distance(one.toLowerCase(), name.toLowerCase()) <= mostSlips);
  return meant.length > 0
    ? `Zoho has no module ${name}: did you mean ${meant.join(' or ')}?`
    : `Zoho has no module ${name}. It has: ${names.join(', ')}`;
}
