// Where the mirror's three columns are, in the target or beside it, as SQL for SQLite.
import type { RegisterExpressions } from '../dialect';
import { bookkeepingOf, registersIn, type Layout } from '../layout';
import { literal } from '../names';
import { quote, target } from './schema';

export const side = 'zoho_mirror_bookkeeping';

/** What a statement that reads the target as `t` adds to reach them. */
export const joinSide = ({ table, key }: Layout): string =>
  registersIn(table) === 'b'
    ? `LEFT JOIN ${side} b ON b.module = ${literal(table.module)} AND b.id = t.${quote(key.name)}`
    : '';

export function registers(layout: Layout): RegisterExpressions {
  const { table, key } = layout;
  const own = bookkeepingOf(table);
  const r = registersIn(table);
  const id = `t.${quote(key.name)}`;
  return {
    t: target(table.table),
    join: joinSide(layout),
    key: id,
    id: `CAST(${id} AS TEXT)`,
    m: `${r}.${quote(own.modifiedAt)}`,
    o: `${r}.${quote(own.observedAt)}`,
    d: `${r}.${quote(own.deletedAt)}`,
  };
}
