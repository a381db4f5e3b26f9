// The records: what lives, what was deleted, and every way to change them; it knows no HTTP and no formats.
import { catalogue } from './catalogue';
import type { Clock } from './clock';
import { createGenerator, users, type Generator } from './generator';
import { modules, recordId } from './metadata';
import type { SimulatorOptions } from './options';
import type { Change, Deleted, Field, Module, Operation, Row, User, Value } from './types';
import { valueReader, type ReadValue } from './values';

export type CrmOptions = Pick<
  SimulatorOptions,
  'seed' | 'records' | 'conversionNotifies' | 'restoreNotifies' | 'restoreMovesModifiedTime'
>;

export class Table {
  readonly rows = new Map<string, Row>();
  readonly deleted = new Map<string, Deleted>();
  nextIndex = 0;
  #sortedIds: string[] | null = null;

  constructor(
    readonly module: Module,
    readonly read: ReadValue,
  ) {}

  /** Sorted by id; kept until a record comes or goes. */
  ids(): readonly string[] {
    this.#sortedIds ??= [...this.rows.keys()].sort();
    return this.#sortedIds;
  }

  membershipChanged(): void {
    this.#sortedIds = null;
  }
}

export class Crm {
  readonly modules = modules;
  /** Names of modules whose records the API's user has lost the right to see: to it they are as if there were none. */
  readonly hidden = new Set<string>();
  readonly #tables = new Map<string, Table>();
  readonly #listeners: ((change: Change) => void)[] = [];
  #options: CrmOptions;
  #generator: Generator;

  constructor(
    options: CrmOptions,
    readonly clock: Clock,
  ) {
    this.#options = options;
    this.#generator = this.#fill(options);
  }

  /** Starts over with fresh records. */
  reset(options: Partial<CrmOptions> = {}): void {
    this.#options = { ...this.#options, ...options };
    this.#tables.clear();
    this.hidden.clear();
    this.#generator = this.#fill(this.#options);
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  find(name: string): Table | undefined {
    return this.#tables.get(name);
  }

  /** As the API's user sees it. */
  seen(name: string): Table | undefined {
    const table = this.find(name);
    return table && this.hidden.has(name) ? new Table(table.module, table.read) : table;
  }

  table(name: string): Table {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`there is no module ${name}`);
    return table;
  }

  /** What the generator would give a field; used to make up edits. */
  madeUp(module: Module, field: Field, index: number): Value {
    return this.#generator.value(module, field, index);
  }

  create(name: string, values: Readonly<Record<string, Value>> = {}, by: User = firstUser()): Row {
    const table = this.table(name);
    const index = table.nextIndex;
    table.nextIndex += 1;
    const now = this.clock.second();
    const row: Row = {
      id: recordId(table.module, index),
      index,
      createdMs: now,
      modifiedMs: now,
      createdBy: by,
      modifiedBy: by,
      convertedMs: null,
      changes: values,
    };
    table.rows.set(row.id, row);
    table.membershipChanged();
    this.#emit(table, 'insert', row, []);
    return row;
  }

  edit(name: string, id: string, values: Readonly<Record<string, Value>>, by: User = firstUser()): Row {
    const table = this.table(name);
    const row = live(table, id);
    const next: Row = {
      ...row,
      modifiedMs: this.clock.second(),
      modifiedBy: by,
      changes: { ...row.changes, ...values },
    };
    table.rows.set(id, next);
    this.#emit(table, 'update', next, Object.keys(values));
    return next;
  }

  /** Changes a value as a formula does: Modified_Time stays, nobody is told. */
  drift(name: string, id: string, values: Readonly<Record<string, Value>>): Row {
    const table = this.table(name);
    const row = live(table, id);
    const next: Row = { ...row, changes: { ...row.changes, ...values } };
    table.rows.set(id, next);
    return next;
  }

  remove(name: string, id: string, options: { permanent?: boolean; by?: User } = {}): void {
    const table = this.table(name);
    const by = options.by ?? firstUser();
    const binned = table.deleted.get(id);
    const row = table.rows.get(id) ?? binned?.row;
    if (!row) throw new Error(`${name} ${id} does not exist`);
    const wasLive = table.rows.delete(id);
    const deletedMs = binned && !wasLive ? binned.deletedMs : this.clock.second();
    table.deleted.set(id, { row, deletedMs, by, kind: options.permanent ? 'permanent' : 'recycle' });
    table.membershipChanged();
    if (wasLive) this.#emit(table, 'delete', row, ['Modified_By', 'Record_Status__s']);
  }

  restore(name: string, id: string, options: { touch?: boolean } = {}): Row {
    const table = this.table(name);
    const binned = table.deleted.get(id);
    if (!binned || binned.kind === 'permanent') throw new Error(`${name} ${id} is not in the recycle bin`);
    const touch = options.touch ?? this.#options.restoreMovesModifiedTime;
    const row = touch ? { ...binned.row, modifiedMs: this.clock.second() } : binned.row;
    table.deleted.delete(id);
    table.rows.set(id, row);
    table.membershipChanged();
    if (this.#options.restoreNotifies !== 'none') this.#emit(table, this.#options.restoreNotifies, row, []);
    return row;
  }

  convert(name: string, id: string): Row {
    const table = this.table(name);
    const row = live(table, id);
    const now = this.clock.second();
    const next: Row = { ...row, convertedMs: now, modifiedMs: now };
    table.rows.set(id, next);
    const told = this.#options.conversionNotifies;
    if (told !== 'none') this.#emit(table, told, next, ['Converted__s', 'Converted_Date_Time']);
    return next;
  }

  #emit(table: Table, operation: Operation, row: Row, fields: readonly string[]): void {
    for (const listener of this.#listeners) listener({ module: table.module, operation, row, fields });
  }

  #fill(options: CrmOptions): Generator {
    const counts = new Map(catalogue.map((spec) => [spec.apiName, Math.ceil(options.records * spec.share)]));
    const countOf = (name: string): number => counts.get(name) ?? 0;
    const generator = createGenerator({
      seed: options.seed,
      count: countOf,
      find: (name) => this.table(name).module,
    });
    for (const module of modules) {
      const table = new Table(module, valueReader(generator, module));
      this.#tables.set(module.apiName, table);
      for (let index = 0; index < countOf(module.apiName); index += 1) {
        const row = firstVersion(generator, module, index);
        table.rows.set(row.id, row);
      }
      table.nextIndex = countOf(module.apiName);
    }
    return generator;
  }
}

function firstVersion(generator: Generator, module: Module, index: number): Row {
  const user = generator.user(module, index);
  const times = generator.times(module, index);
  return {
    id: recordId(module, index),
    index,
    ...times,
    createdBy: user,
    modifiedBy: user,
    convertedMs: null,
    changes: {},
  };
}

function live(table: Table, id: string): Row {
  const row = table.rows.get(id);
  if (!row) throw new Error(`${table.module.apiName} ${id} is not live`);
  return row;
}

function firstUser(): User {
  const user = users[0];
  if (!user) throw new Error('there is no user');
  return user;
}
