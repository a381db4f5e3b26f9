// The words of the pretended CRM: modules, fields, rows and values; it holds types only and never behaviour.

/** Anything a field can hold. Numbers are plain decimal text, datetimes are UTC text: nothing passes through a double. */
export type Value = null | string | boolean | readonly Value[] | { readonly [key: string]: Value };

export type Ref = { readonly id: string; readonly name: string };

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Field {
  readonly id: string;
  readonly apiName: string;
  readonly label: string;
  readonly dataType: string;
  readonly jsonType: string;
  readonly length: number;
  readonly decimalPlace: number | null;
  readonly custom: boolean;
  readonly readOnly: boolean;
  readonly mandatory: boolean;
  readonly picklist: readonly string[];
  readonly lookupModule: string | null;
  readonly formulaReturn: string | null;
  readonly rich: boolean;
  /** Bulk Read accepts it. */
  readonly exportable: boolean;
  /** Lists and COQL return it. */
  readonly listed: boolean;
  /** Seeds the generator of its values. */
  readonly ordinal: number;
}

export interface Module {
  readonly id: string;
  readonly apiName: string;
  readonly label: string;
  readonly generatedType: 'default' | 'custom';
  readonly apiSupported: boolean;
  readonly ordinal: number;
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
}

/** One version of a record. Edits make a new row, so an export that holds the old one has its snapshot for nothing. */
export interface Row {
  readonly id: string;
  readonly index: number;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly createdBy: User;
  readonly modifiedBy: User;
  readonly convertedMs: number | null;
  readonly changes: Readonly<Record<string, Value>>;
}

export interface Deleted {
  readonly row: Row;
  readonly deletedMs: number;
  readonly by: User;
  readonly kind: 'recycle' | 'permanent';
}

export type Operation = 'insert' | 'update' | 'delete';

export interface Change {
  readonly module: Module;
  readonly operation: Operation;
  readonly row: Row;
  readonly fields: readonly string[];
}
