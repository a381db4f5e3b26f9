// How every step makes an own table.
import type { Knex } from 'knex';
import type { Dialect, OwnTable } from '../../dialect';

/** Knex splits no names in its schema builder; the mirror's schema is given apart. */
export function createOwn(
  trx: Knex.Transaction,
  dialect: Dialect,
  name: OwnTable,
  build: (table: Knex.CreateTableBuilder) => void,
): Knex.SchemaBuilder {
  const parts = dialect.own(name).split('.');
  const schema = parts.length > 1 ? trx.schema.withSchema(parts[0] ?? '') : trx.schema;
  return schema.createTable(parts.at(-1) ?? '', build);
}
