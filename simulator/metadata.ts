// The modules of the pretended CRM and their fields, built from the catalogue; it never knows records.
import { catalogue, type FieldSpec, type ModuleSpec } from './catalogue';
import type { Field, Module } from './types';

const JSON_TYPES: Readonly<Record<string, string>> = {
  integer: 'integer',
  double: 'double',
  percent: 'double',
  currency: 'double',
  boolean: 'boolean',
  lookup: 'jsonobject',
  ownerlookup: 'jsonobject',
  userlookup: 'jsonobject',
  address: 'jsonobject',
  multiselectpicklist: 'jsonarray',
  multiselectlookup: 'jsonarray',
  fileupload: 'jsonarray',
  subform: 'jsonarray',
};
const REFUSED_BY_BULK_READ = new Set(['address', 'fileupload', 'multiselectlookup', 'subform']);
const NOT_IN_LISTS = new Set(['multiselectlookup', 'subform']);

export const moduleIdPrefix = '5725767';

function toField(spec: FieldSpec, moduleOrdinal: number, ordinal: number): Field {
  const [apiName, dataType, length, more = {}] = spec;
  return {
    id: `${moduleIdPrefix}${String(moduleOrdinal).padStart(3, '0')}900${String(ordinal).padStart(6, '0')}`,
    apiName,
    label: more.label ?? apiName.replace(/__s$/, '').replaceAll('_', ' '),
    dataType,
    jsonType: apiName === 'Tag' ? 'jsonarray' : (JSON_TYPES[more.formulaReturn ?? dataType] ?? 'string'),
    length,
    decimalPlace: more.decimalPlace ?? null,
    custom: more.custom ?? false,
    readOnly: more.readOnly ?? false,
    mandatory: more.mandatory ?? false,
    picklist: more.picklist ?? [],
    lookupModule: more.lookupModule ?? null,
    formulaReturn: more.formulaReturn ?? null,
    rich: more.rich ?? false,
    exportable: !REFUSED_BY_BULK_READ.has(dataType),
    listed: !NOT_IN_LISTS.has(dataType),
    ordinal,
  };
}

function toModule(spec: ModuleSpec, ordinal: number): Module {
  const fields = spec.fields.map((field, index) => toField(field, ordinal, index));
  return {
    id: `${moduleIdPrefix}${String(ordinal).padStart(3, '0')}800000000`,
    apiName: spec.apiName,
    label: spec.apiName.replaceAll('_', ' '),
    generatedType: spec.custom ? 'custom' : 'default',
    apiSupported: spec.apiSupported ?? true,
    ordinal,
    fields,
    byName: new Map(fields.map((field) => [field.apiName, field])),
  };
}

export const modules: readonly Module[] = catalogue.map((spec, index) => toModule(spec, index + 1));

/** Nineteen digits: beyond what a double holds. */
export function recordId(module: Module, index: number): string {
  return `${moduleIdPrefix}${String(module.ordinal).padStart(3, '0')}${String(index * 7 + 1).padStart(9, '0')}`;
}
