// What can be set about a simulator, with its defaults; it never reads the environment.
import type { Operation } from './types';

export interface SimulatorOptions {
  readonly host: string;
  readonly port: number;
  /** Leads at the start; the other modules get a fraction. */
  readonly records: number;
  readonly seed: number;
  readonly timeZone: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** Each belongs to a user of its own. */
  /** Good for one exchange; it gives `refreshToken`. */
  readonly grantToken: string;
  readonly otherRefreshTokens: readonly string[];
  readonly tokenLifetimeSeconds: number;
  readonly tokensPerRefreshToken: number;
  readonly refreshesPerTenMinutes: number;
  readonly creditsPerDay: number;
  readonly concurrency: number;
  readonly subConcurrency: number;
  readonly downloadsPerMinute: number;
  /** Rows of one Bulk Read page. The API always says 200,000. */
  readonly pageRows: number;
  /** From ADDED to COMPLETED, in real time. */
  readonly jobDelayMs: number;
  readonly snapshotAt: 'creation' | 'completion' | 'mixed';
  readonly bulkIncludesConverted: boolean;
  readonly multiSelectSeparator: ';' | ',';
  readonly coqlCutsRichText: boolean;
  readonly notify: boolean;
  readonly notifyDelayMs: number;
  /** Most ids in one notification. */
  readonly notifyBatch: number;
  readonly notifyTimeoutMs: number;
  readonly conversionNotifies: Operation | 'none';
  readonly restoreNotifies: Operation | 'none';
  readonly restoreMovesModifiedTime: boolean;
  /** Whether an id that is none fails its request, a list with other ids in it too. Documented for neither. */
  readonly unknownIds: 'left out' | 'refused';
}

export const defaultOptions: SimulatorOptions = {
  host: '127.0.0.1',
  port: 0,
  records: 200,
  seed: 1,
  timeZone: 'America/Los_Angeles',
  clientId: 'sim-client',
  clientSecret: 'sim-secret',
  refreshToken: 'sim-refresh',
  grantToken: 'sim-grant',
  otherRefreshTokens: [],
  tokenLifetimeSeconds: 3600,
  tokensPerRefreshToken: 15,
  refreshesPerTenMinutes: 10,
  creditsPerDay: 5_000_000,
  concurrency: 25,
  subConcurrency: 10,
  downloadsPerMinute: 10,
  pageRows: 200_000,
  jobDelayMs: 20,
  snapshotAt: 'creation',
  bulkIncludesConverted: true,
  multiSelectSeparator: ';',
  coqlCutsRichText: true,
  notify: true,
  notifyDelayMs: 10,
  notifyBatch: 1,
  notifyTimeoutMs: 5_000,
  conversionNotifies: 'update',
  restoreNotifies: 'insert',
  restoreMovesModifiedTime: false,
  unknownIds: 'left out',
};
