export { createZoho, type ZohoCall, type ZohoOptions } from './create';
export { ZohoError, type Verdict } from './errors';
export type { TokenStore } from './oauth';
export type {
  BulkJob,
  BulkJobRequest,
  ChangeCursor,
  ChangedRecord,
  Channel,
  ChannelRequest,
  DeletedRecord,
  JobState,
  JsonValue,
  RecordsAnswer,
  Zoho,
  ZohoField,
  ZohoModule,
  ZohoRecord,
} from './zoho';
