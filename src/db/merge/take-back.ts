// Takes back a stored Modified_Time that Zoho no longer shows, within the merge that then writes what it shows instead.
import type { Knex } from 'knex';
import { recordId } from '../../mirror/record-id';
import type { TakeBack } from '../batch';
import type { Dialect } from '../dialect';
import { bookkeepingOf, registersIn, type Layout } from '../layout';
import { literal } from '../names';

/** Lowers a stored Modified_Time, where both registers still are what they were: the merge that follows then has the last word. */
export async function takeBack(
  trx: Knex.Transaction,
  parts: { dialect: Dialect; layout: Layout; rows: readonly TakeBack[] },
): Promise<void> {
  const { dialect, layout, rows } = parts;
  const { table, key } = layout;
  const { module } = table;
  const { modifiedAt, observedAt } = bookkeepingOf(table);
  const [m, o] = [dialect.quote(modifiedAt), dialect.quote(observedAt)];
  const [where, row] =
    registersIn(table) === 'b'
      ? [dialect.own('bookkeeping'), `module = ${literal(module)} AND id`]
      : [dialect.target(table.table), dialect.quote(key.name)];
  for (const { id, stored, to } of rows) {
    await trx.raw(`UPDATE ${where} SET ${m} = ? WHERE ${row} = ${recordId(id)} AND ${m} = ? AND ${o} = ?`, [
      dialect.targetTime(to, 'seconds'),
      dialect.targetTime(stored.modifiedAt, 'seconds'),
      dialect.targetTime(stored.observedAt, 'milliseconds'),
    ]);
    await trx(dialect.own('tombstone'))
      .where({
        module,
        id,
        modified_at: dialect.writeTime(stored.modifiedAt),
        observed_at: dialect.writeTime(stored.observedAt),
      })
      .update({ modified_at: dialect.writeTime(to) });
  }
}
