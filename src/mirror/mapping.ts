// Which fields of a module go into which columns, and how. Pure: metadata and configuration in, plan out.
import { createHash } from 'node:crypto';
import type { ColumnType } from './column-type';
import type { Field } from './field';
import { columnType, whyNotExportable } from './field-types';
import { dottedNames } from './lookup-name';
import { nameTyping, typingOf, type Typing } from './typing';

/** As the configuration gives it. */
export interface MappingSettings {
  fields?: readonly string[];
  columns: Readonly<Record<string, string>>;
  values: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Lookup field → column for the name of what it refers to. */
  names?: Readonly<Record<string, string>>;
  /** Columns that are not for fields, and what they are for. */
  reserved?: Readonly<Record<string, string>>;
}

export interface MappedField {
  field: Field;
  column: string;
  type: ColumnType;
  codes?: Readonly<Record<string, string>>;
  /** The column holds the name of what the field refers to; in a CSV it comes in these columns. */
  nameFrom?: readonly string[];
}

export interface Mapping {
  module: string;
  /** In the order of an observation's values; the record id is not among them. */
  fields: readonly MappedField[];
  skipped: readonly { field: string; reason: string }[];
  /** Changes whenever a row of the table might come out differently, so that old rows are filled again. */
  fingerprint: string;
}

/** The configuration names something that the module does not have. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
  constructor(
    readonly about: 'module' | 'field',
    message: string,
  ) {
    super(message);
  }
}

/** Raise it whenever typing changes: every table is then loaded again. */
export const typingRules = 1;
export const modifiedTime = 'Modified_Time';

/** Plans the mapping of a module. Throws a MappingError for a field that is not there, cannot be exported, or a column named twice. */
export function planMapping(
  module: string,
  metadata: readonly Field[],
  settings: MappingSettings,
  dropped: readonly string[] = [],
): Mapping {
  const known = new Map(metadata.map((field) => [field.apiName, field]));
  if (!known.has(modifiedTime))
    throw new MappingError(
      'module',
      `${module} has no field ${modifiedTime}; without it changes cannot be ordered, so it cannot be mirrored`,
    );
  const wanted = settings.fields ?? [...known.keys()];
  refuseUnknown(
    module,
    [
      ...wanted,
      ...Object.keys(settings.columns),
      ...Object.keys(settings.values),
      ...Object.keys(settings.names ?? {}),
    ],
    known,
  );

  const skipped: { field: string; reason: string }[] = [];
  const refused = 'Zoho refused to export it';
  const fields: MappedField[] = [];
  for (const name of new Set(wanted)) {
    if (name === 'id') continue;
    const field = known.get(name)!;
    const reason = dropped.includes(name) ? refused : whyNotExportable(field);
    if (reason) skipped.push({ field: name, reason });
    else fields.push(mapField(field, settings));
  }
  for (const [name, column] of Object.entries(settings.names ?? {})) {
    const mapped = nameColumn(module, known.get(name)!, column);
    const lost = mapped.nameFrom.find((dotted) => dropped.includes(dotted));
    if (lost === undefined) fields.push(mapped);
    else skipped.push({ field: lost, reason: refused });
  }
  refuseTwice(module, fields, settings.reserved ?? {});
  return { module, fields, skipped, fingerprint: fingerprintOf(module, fields) };
}

/**
 * The mapping for a table that cannot get more columns: fields that nobody named, and that it has no column for, are left out.
 * Throws a MappingError when nothing is left.
 */
export function restrictMapping(
  mapping: Mapping,
  table: { columns: readonly string[]; named: readonly string[] },
): Mapping {
  const there = new Set(table.columns.map((column) => column.toLowerCase()));
  const kept = ({ field, column, nameFrom }: MappedField): boolean =>
    nameFrom !== undefined || table.named.includes(field.apiName) || there.has(column.toLowerCase());
  const fields = mapping.fields.filter(kept);
  if (fields.length === 0)
    throw new MappingError(
      'field',
      `${mapping.module}: no column of the table has the name of a field; say in \`columns\` which field goes where`,
    );
  const skipped = mapping.fields
    .filter((field) => !kept(field))
    .map(({ field }) => ({ field: field.apiName, reason: 'the table has no column for it' }));
  return {
    ...mapping,
    fields,
    skipped: [...mapping.skipped, ...skipped],
    fingerprint: fingerprintOf(mapping.module, fields),
  };
}

function mapField(field: Field, settings: MappingSettings): MappedField {
  const codes = settings.values[field.apiName];
  return {
    field,
    column: settings.columns[field.apiName] ?? field.apiName,
    type: codes ? { kind: 'text', length: 255 } : columnType(field),
    ...(codes ? { codes } : {}),
  };
}

/** Zoho's lookups show up to 120 characters of a name, or more in modules of an org's own. */
const nameType: ColumnType = { kind: 'text', length: 255 };

function nameColumn(
  module: string,
  field: Field,
  column: string,
): MappedField & Required<Pick<MappedField, 'nameFrom'>> {
  const nameFrom = dottedNames(field);
  if (nameFrom) return { field, column, type: nameType, nameFrom };
  throw new MappingError(
    'field',
    `${module}: ${field.apiName} is no lookup, so there is no name to bring along`,
  );
}

/** What has to be asked for, so that a CSV holds everything that the mapping needs. */
export const exportedNames = (asked: readonly Field[], { fields }: Mapping): string[] => [
  ...asked.map(({ apiName }) => apiName),
  ...fields.flatMap(({ nameFrom = [] }) => nameFrom),
];

function refuseUnknown(module: string, names: readonly string[], known: ReadonlyMap<string, Field>): void {
  const unknown = [...new Set(names)].filter((name) => name !== 'id' && !known.has(name));
  if (unknown.length === 0) return;
  const list = [...known.keys()].join(', ');
  throw new MappingError('field', `${module} has no field ${unknown.join(', ')}. Its fields are: ${list}`);
}

function refuseTwice(
  module: string,
  fields: readonly MappedField[],
  reserved: Readonly<Record<string, string>>,
): void {
  const seen = new Map<string, string>();
  const taken = new Map(Object.entries(reserved).map(([column, use]) => [column.toLowerCase(), use]));
  for (const { column, field } of fields) {
    const other = seen.get(column.toLowerCase());
    if (other)
      throw new MappingError(
        'field',
        `${module}: the fields ${other} and ${field.apiName} both go into the column ${column}`,
      );
    const use = taken.get(column.toLowerCase());
    if (use)
      throw new MappingError(
        'field',
        `${module}: the field ${field.apiName} goes into the column ${column}, which is the ${use}`,
      );
    seen.set(column.toLowerCase(), field.apiName);
  }
}

function fingerprintOf(module: string, fields: readonly MappedField[]): string {
  const facts = fields.map(({ field, column, type, codes, nameFrom }) => [
    field.apiName,
    column,
    type,
    codes ?? null,
    ...(nameFrom ? [nameFrom] : []),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([typingRules, module, facts]))
    .digest('hex')
    .slice(0, 32);
}

/** One typing per mapped field, in the mapping's order. */
export const typings = (mapping: Mapping): Typing[] =>
  mapping.fields.map(({ field, column, type, codes, nameFrom }) =>
    nameFrom ? nameTyping : typingOf(field, column, type, codes),
  );
