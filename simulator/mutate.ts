// Makes a repeatable mix of changes to many records at once; it never reads the wall clock or real chance.
import type { Crm } from './crm';
import { below, pick, randomFor, shuffle, type Random } from './random';
import type { Field, Module, Value } from './types';

export interface Mutation {
  readonly module: string;
  readonly creates?: number;
  readonly edits?: number;
  readonly deletes?: number;
  readonly converts?: number;
  readonly drifts?: number;
  readonly restores?: number;
  readonly seed?: number;
  /** Edits, deletes, converts and drifts touch only these. */
  readonly onlyIds?: readonly string[];
}

export interface Touched {
  readonly created: string[];
  readonly edited: string[];
  readonly deleted: string[];
  readonly converted: string[];
  readonly drifted: string[];
  readonly restored: string[];
}

const MADE_UP_FROM = 1_000_000_000;
const NOT_EDITED = new Set(['id', 'Owner', 'Tag', 'Converted__s', 'Converted_Date_Time', 'Record_Status__s']);

export function mutate(crm: Crm, mutation: Mutation): Touched {
  const random = randomFor(mutation.seed ?? 1, mutation.creates ?? 0, MADE_UP_FROM);
  const table = crm.table(mutation.module);
  const restorable = [...table.deleted.values()]
    .filter((gone) => gone.kind === 'recycle')
    .map((gone) => gone.row.id);
  const known = mutation.onlyIds?.filter((id) => table.rows.has(id)) ?? table.ids();
  const pool = shuffle(random, [...known]);
  const take = (count = 0): string[] => pool.splice(0, count);
  const deleted = take(mutation.deletes);
  const converted = take(mutation.converts);
  const drifted = take(mutation.drifts);
  // With few records left an edit may hit the same record twice, as people do.
  const edited =
    pool.length === 0 ? [] : Array.from({ length: mutation.edits ?? 0 }, () => pick(random, pool));
  const restored = restorable.slice(0, mutation.restores ?? 0);
  const name = mutation.module;
  for (const id of edited) crm.edit(name, id, someValues(crm, table.module, random));
  for (const id of deleted) crm.remove(name, id);
  for (const id of converted) crm.convert(name, id);
  for (const id of drifted) crm.drift(name, id, drift(crm, table.module, random));
  for (const id of restored) crm.restore(name, id);
  const created = Array.from({ length: mutation.creates ?? 0 }, () => crm.create(name).id);
  return { created, edited: [...new Set(edited)], deleted, converted, drifted, restored };
}

function someValues(crm: Crm, module: Module, random: Random): Record<string, Value> {
  const candidates = module.fields.filter(
    (field) => !field.readOnly && field.exportable && !NOT_EDITED.has(field.apiName),
  );
  const chosen = shuffle(random, [...candidates]).slice(0, 1 + below(random, 3));
  return Object.fromEntries(chosen.map((field) => [field.apiName, madeUp(crm, module, { field, random })]));
}

/** New values of the formula fields, or of nothing if the module has none. */
export function drift(crm: Crm, module: Module, random: Random): Record<string, Value> {
  const formulas = module.fields.filter((field) => field.dataType === 'formula');
  return Object.fromEntries(formulas.map((field) => [field.apiName, madeUp(crm, module, { field, random })]));
}

function madeUp(crm: Crm, module: Module, from: { field: Field; random: Random }): Value {
  return crm.madeUp(module, from.field, MADE_UP_FROM + below(from.random, MADE_UP_FROM));
}
