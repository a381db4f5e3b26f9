export type { ColumnType, TypedValue } from './column-type';
export type { Field, JsonValue } from './field';
export { instant, later, parseInstant, toIsoMs, toIsoSeconds, type Instant } from './instant';
export {
  exportedNames,
  MappingError,
  modifiedTime,
  planMapping,
  restrictMapping,
  typingRules,
  typings,
  type MappedField,
  type Mapping,
} from './mapping';
export type { GoneObservation, LiveObservation, Observation, Registers } from './observation';
export { isRecordId, recordId, type RecordId } from './record-id';
export { TypingError, type Typing } from './typing';
