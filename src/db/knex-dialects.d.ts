// The two Knex clients that are subclassed here; Knex ships no types for them.
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex';
  const Client: typeof Knex.Client;
  export = Client;
}
declare module 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js' {
  class Transaction {
    constructor(client: unknown, container: unknown, config: unknown, outerTx: unknown);
    begin(connection: unknown): Promise<unknown>;
    query(connection: unknown, sql: string): Promise<unknown>;
  }
  export = Transaction;
}
declare module 'knex/lib/dialects/mssql/index.js' {
  import type { Knex } from 'knex';
  class Client extends Knex.Client {
    _driver(): unknown;
    processResponse(query: unknown, runner: unknown): unknown;
  }
  export = Client;
}
