export { createZoho, type ZohoCall, type ZohoOptions } from './create';
export type { CreditLimits, CreditState, CreditStore } from './budget';
export { lastTold, leftIn, spentIn, type CreditMinute } from './credit-window';
export { exchangeGrant, type Grant } from './grant';
export { ZohoError, type Verdict } from './errors';
export type { TokenStore } from './oauth';
export { inBackground, isBackground } from './priority';
export { callsPerRead } from './records';
export { countingCredits } from './tally';
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
  ZohoModule,
  ZohoRecord,
} from './zoho';
