// The validated configuration: what every other room gets. Nobody else reads the environment.
import type { LogLevel } from './environment';

export interface ModuleConfig {
  /** `dbo.Leads` */
  table: string;
  deletes: 'soft' | 'hard';
  /** Absent: extend tables that the mirror made, check others. */
  schema?: 'extend' | 'check';
  /** Names of the mirror's own three columns, or beside the table. */
  bookkeeping: { modifiedAt: string; observedAt: string; deletedAt: string } | 'side-table';
  /** Columns that say whether the record is deleted. */
  deletedFlag: {
    column: string;
    deleted: string | number | boolean;
    live: string | number | boolean | null;
  }[];
  /** Column that holds the Zoho id. */
  key: string;
  /** Column → value, written on insert only. */
  constants: Record<string, string | number | boolean>;
  /** Field → Zoho's value → the old application's code. */
  values: Record<string, Record<string, string>>;
  /** Absent: every field that Bulk Read can export. */
  fields?: string[];
  /** Field → column; default: the field's own name. */
  columns: Record<string, string>;
  /** Lookup or owner field → column for the name of what it refers to. */
  names: Record<string, string>;
  /** Fields by which old rows without a Zoho id are found, once; none: they stay as they are. */
  match: string[];
}

export interface ZohoConfig {
  accountsUrl: string;
  apiUrl: string;
  apiVersion: string;
  clientId: string;
  clientSecret: string;
  refreshToken: string;
}

export interface Config {
  zoho: ZohoConfig;
  legacyDb: string;
  /** Without it the mirror polls. No trailing slash. */
  publicUrl?: string;
  webhookSecret: string;
  /** The first encrypts what Temporal keeps, each of them decrypts; none: it stays readable. */
  payloadKeys: readonly { id: string; key: Buffer }[];
  logLevel: LogLevel;
  bindAddress: string;
  port: number;
  /** Absent: 9464 for the worker, 9465 for the API. */
  metricsPort?: number;
  modules: Record<string, ModuleConfig>;
  schedules: { catchUpMs: number; reconcileMs: number };
  channel: { renewEveryMs: number; lifetimeMs: number };
  loading: {
    /** Rows a transaction; absent: what suits the database. */
    batchRows?: number;
  };
  /** Absent: background work is never held back. */
  limits?: { dailyCredits: number; reserve: number };
  timings: { pollFirstMs: number; pollMaxMs: number; notificationWindowMs: number };
}

/** Everything that is wrong with the configuration, a line each. Never holds a secret's value. */
export class ConfigError extends Error {
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
  }
}
