// How every step makes an own table, or gives it one more column.
import type { Knex } from 'knex';
import type { Dialect, OwnTable } from '../../dialect';

export function createOwn(
  trx: Knex.Transaction,
  dialect: Dialect,
  name: OwnTable,
  build: (table: Knex.CreateTableBuilder) => void,
): Knex.SchemaBuilder {
  const { schema, table } = placeOf(trx, dialect, name);
  return schema.createTable(table, build);
}

/** Columns only, and such that may stay empty: a worker of the build before does not know them. */
export function extendOwn(
  trx: Knex.Transaction,
  dialect: Dialect,
  name: OwnTable,
  build: (table: Knex.AlterTableBuilder) => void,
): Knex.SchemaBuilder {
  const { schema, table } = placeOf(trx, dialect, name);
  return schema.alterTable(table, build);
}

/** Knex splits no names in its schema builder; the mirror's schema is given apart. */
function placeOf(
  trx: Knex.Transaction,
  dialect: Dialect,
  name: OwnTable,
): { schema: Knex.SchemaBuilder; table: string } {
  const parts = dialect.own(name).split('.');
  const schema = parts.length > 1 ? trx.schema.withSchema(parts[0] ?? '') : trx.schema;
  return { schema, table: parts.at(-1) ?? '' };
}
