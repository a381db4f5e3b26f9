// The steps as SQL text, for a database in which the mirror's login may not make tables. Runs nothing that changes anything.
import type { Knex } from 'knex';
import type { Dialect } from '../../dialect';

export interface WrittenStep {
  name: string;
  up(trx: Knex.Transaction, dialect: Dialect): Promise<void>;
}

/** A transaction that writes down what it is told to do, instead of doing it. */
function writing(knex: Knex, lines: string[]): Knex.Transaction {
  const wrap = (builder: object): object =>
    new Proxy(builder, {
      get(target, name) {
        if (name === 'then')
          return (done: (value: undefined) => void) => {
            lines.push((target as Knex.SchemaBuilder).toString());
            done(undefined);
          };
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => wrap(Reflect.apply(value, target, args) as object);
      },
    });
  return new Proxy(knex, {
    get: (target, name) => {
      if (name === 'schema') return wrap(target.schema);
      if (name === 'raw') return (sql: string) => wrap(target.raw(sql));
      return Reflect.get(target, name) as unknown;
    },
  }) as Knex.Transaction;
}

/** @param fresh whether Knex's own two tables are missing as well. */
export async function stepsAsSql(
  knex: Knex,
  dialect: Dialect,
  { steps, fresh }: { steps: readonly WrittenStep[]; fresh: boolean },
): Promise<string[]> {
  const { tableName, schemaName } = dialect.migrations;
  const schema = () => (schemaName === undefined ? knex.schema : knex.schema.withSchema(schemaName));
  const named = (table: string): string => (schemaName === undefined ? table : `${schemaName}.${table}`);
  const lines: string[] = [];
  if (fresh) {
    if (schemaName !== undefined)
      lines.push(`IF SCHEMA_ID('${schemaName}') IS NULL EXEC('CREATE SCHEMA ${schemaName}')`);
    // As Knex itself would make them.
    lines.push(
      schema()
        .createTable(tableName, (table) => {
          table.increments();
          table.string('name');
          table.integer('batch');
          table.timestamp('migration_time');
        })
        .toString(),
      schema()
        .createTable(`${tableName}_lock`, (table) => {
          table.increments('index').primary();
          table.integer('is_locked');
        })
        .toString(),
      `INSERT INTO ${named(`${tableName}_lock`)} (is_locked) VALUES (0)`,
    );
  }
  for (const step of steps) {
    await step.up(writing(knex, lines), dialect);
    lines.push(
      `INSERT INTO ${named(tableName)} (name, batch, migration_time) VALUES ('${step.name}', 1, CURRENT_TIMESTAMP)`,
    );
  }
  return lines;
}
