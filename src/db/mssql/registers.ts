// Where the mirror's three columns are, in the target or beside it, as SQL for SQL Server.
import type { RegisterExpressions } from '../dialect';
import { bookkeepingOf, registersIn, type Layout } from '../layout';
import { literal, quote, target } from './schema';

export const side = 'zoho_mirror.bookkeeping';

/** What a statement that reads the target as `t` adds to reach them. */
export const joinSide = ({ table, key }: Layout, hint = ''): string =>
  registersIn(table) === 'b'
    ? `LEFT JOIN ${side} b ${hint} ON b.module = ${literal(table.module)} AND b.id = t.${quote(key.name)}`
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
    id: `CONVERT(varchar(20), CONVERT(bigint, ${id}))`,
    m: `${r}.${quote(own.modifiedAt)}`,
    o: `${r}.${quote(own.observedAt)}`,
    d: `${r}.${quote(own.deletedAt)}`,
  };
}
