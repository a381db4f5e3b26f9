// What the mirror learns about one record, stamped by Zoho's clock. The law of the merge (docs/law-of-the-merge.md) orders them.
import type { TypedValue } from './column-type';
import type { Instant } from './instant';
import type { RecordId } from './record-id';

/** A record was read, with its fields. `values` are in the order of the target table's columns. */
export interface LiveObservation {
  kind: 'live';
  id: RecordId;
  /** The record's Modified_Time: whole seconds. */
  modifiedAt: Instant;
  /** When it was read at the earliest, by Zoho's clock, milliseconds. */
  observedAt: Instant;
  values: readonly TypedValue[];
}

/** A record's absence was confirmed. */
export interface GoneObservation {
  kind: 'gone';
  id: RecordId;
  observedAt: Instant;
}

export type Observation = LiveObservation | GoneObservation;

/** The two registers of a record, as stored. Absent: never observed. */
export interface Registers {
  modifiedAt?: Instant;
  observedAt?: Instant;
  goneAt?: Instant;
}
