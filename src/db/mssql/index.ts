import type { Dialect } from '../dialect';
import type { Knex } from 'knex';
export const mssqlDialect = {} as Dialect;
export const connectMssql = (_: unknown): Knex => { throw new Error('soon'); };
export const mssqlSettings = (url: string): unknown => url;
