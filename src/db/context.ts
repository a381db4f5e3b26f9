// What every part of the database room is made of: the connection, the dialect, the books, and the two ways to run a piece of work.
import type { Knex } from 'knex';
import type { Instant } from '../mirror/instant';
import type { Dialect } from './dialect';
import type { Layout } from './layout';
import type { Ledger } from './own/ledger';
import type { TargetTable } from './target';

export interface Context {
  knex: Knex;
  dialect: Dialect;
  ledger: Ledger;
  layout: (table: TargetTable) => Promise<Layout>;
  /** Its errors are classified. */
  read: <T>(work: () => Promise<T>) => Promise<T>;
  /** The same in one transaction, tried again where the database asks for it. */
  write: <T>(work: (trx: Knex.Transaction) => Promise<T>, signal?: AbortSignal) => Promise<T>;
  now: () => Instant;
}
