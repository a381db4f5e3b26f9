// What a table was loaded as, beside what it would be loaded as now: which changes there are, and which of them need a load.
import { createHash } from 'node:crypto';
import type { LoadedAs, SyncState, TargetTable } from '../db';
import { typingRules, type ColumnType, type MappedField, type Mapping } from '../mirror';

export interface Change {
  /** For a person; names of fields, columns and settings only. */
  text: string;
  /** Whether rows that are in the table would be wrong or missing without a load. */
  reloads: boolean;
}

type Shape = LoadedAs['fields'][string];

interface Planned {
  table: TargetTable;
  mapping: Mapping;
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);

/** Of everything that a load's rows depend on: the mapping, and behind the dot which rows of which table they are. */
export const loadFingerprint = ({ table, mapping }: Planned): string =>
  `${mapping.fingerprint}.${digest([table.table, table.key, table.bookkeeping, table.deletedFlag ?? []])}`;

/** What the table is loaded as by this plan, to be kept until the next load. */
export const loadedAs = ({ table, mapping }: Planned): LoadedAs => ({
  rules: typingRules,
  table: table.table,
  key: table.key,
  deletes: table.deletes,
  bookkeeping: spelled(table.bookkeeping),
  flags: digest(table.deletedFlag ?? []),
  fields: Object.fromEntries(mapping.fields.map((mapped) => [nameOf(mapped), shapeOf(mapped)])),
});

const spelled = (bookkeeping: TargetTable['bookkeeping']): string =>
  bookkeeping === 'side-table' ? bookkeeping : `columns ${Object.values(bookkeeping).join(', ')}`;

/** A field may be mirrored twice: as itself, and by the name of what it refers to. */
const nameOf = ({ field, nameFrom }: MappedField): string =>
  nameFrom ? `${field.apiName} (its name)` : field.apiName;

const shapeOf = ({ column, type, codes, nameFrom = [] }: MappedField): Shape => ({
  column,
  type: [typeInWords(type), ...nameFrom].join(' '),
  ...(codes ? { codes: digest(codes) } : {}),
});

const typeInWords = ({ kind, ...size }: ColumnType): string =>
  [kind, ...Object.values(size).map((part) => part ?? 'of any length')].join(' ');

/**
 * What has changed since the last load. A database that an earlier version has written knows only a fingerprint of the mapping: while that
 * is the same, everything else counts as unchanged, so that a new version alone loads nothing again.
 */
export function changesSince(
  { fingerprint, loadedAs: before }: Pick<SyncState, 'fingerprint' | 'loadedAs'>,
  plan: Planned,
): Change[] {
  if (before !== undefined) return differences(before, loadedAs(plan));
  const same =
    fingerprint === loadFingerprint(plan) || fingerprint === loadFingerprint(plan).split('.', 1)[0];
  return same
    ? []
    : [{ text: 'fields, columns or the table are others than those of the last load', reloads: true }];
}

/** How a person reads them in one line. */
export const inWords = (changes: readonly Change[]): string => changes.map(({ text }) => text).join('; ');

function differences(before: LoadedAs, now: LoadedAs): Change[] {
  const changes: Change[] = [];
  const note = (reloads: boolean, text: string): void => void changes.push({ text, reloads });
  const compare = (setting: 'table' | 'key' | 'bookkeeping', reloads: boolean): void => {
    if (before[setting] !== now[setting])
      note(reloads, `${setting}: ${before[setting]} is now ${now[setting]}`);
  };
  compare('table', true);
  compare('key', true);
  compare('bookkeeping', true);
  if (before.flags !== now.flags) note(true, 'deletedFlag is another one');
  // Deleted rows that are there stay as they are, and those that are not cannot come back: no load would change that.
  if (before.deletes !== now.deletes)
    note(false, `deletes: ${before.deletes} is now ${now.deletes}, for records that are deleted from now on`);
  if (before.rules !== now.rules) note(true, 'this version reads values in another way');
  for (const [name, shape] of Object.entries(now.fields)) {
    const was = before.fields[name];
    if (was === undefined) note(true, `the field ${name} is new`);
    else for (const text of shapeChanges(was, shape)) note(true, `the field ${name} ${text}`);
  }
  for (const name of Object.keys(before.fields))
    if (now.fields[name] === undefined)
      note(false, `the field ${name} is no longer mirrored, its column stays`);
  return changes;
}

const shapeChanges = (before: Shape, now: Shape): string[] => [
  ...(before.column === now.column ? [] : [`goes into the column ${now.column}, no longer ${before.column}`]),
  ...(before.type === now.type ? [] : [`is ${now.type}, no longer ${before.type}`]),
  ...(before.codes === now.codes ? [] : ['has another list of codes']),
];
