export { createZoho, type ZohoCall, type ZohoOptions } from './create';
export type { CreditLimits, CreditState, CreditStore } from './credits/budget';
export { lastTold, leftIn, spentIn, type CreditMinute } from './credits/credit-window';
export { exchangeGrant, type Grant } from './oauth/grant';
export { ZohoError, type Verdict } from './errors';
export type { TokenStore } from './oauth/oauth';
export { inBackground, isBackground } from './credits/priority';
export { callsPerRead, mayBeForAnId } from './calls/records';
export { countingCredits } from './credits/tally';
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
} from './client';
