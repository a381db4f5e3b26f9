// Takes back a stored Modified_Time that Zoho no longer shows, within the merge that then writes what it shows instead.
import type { Knex } from 'knex';
import { recordId } from '../../mirror/record-id';
import type { TakeBack } from '../batch';
import type { Dialect } from '../dialect';
import type { Layout } from '../layout';

/** Lowers a stored Modified_Time, where both registers still are what they were: the merge that follows then has the last word. */
export async function takeBack(
  trx: Knex.Transaction,
  parts: { dialect: Dialect; layout: Layout; rows: readonly TakeBack[] },
): Promise<void> {
  const { dialect, layout, rows } = parts;
  for (const { id, stored, to } of rows) {
    const lower = dialect.lowerModifiedAt(layout, recordId(id));
    const [m, o] = [
      dialect.targetTime(stored.modifiedAt, 'seconds'),
      dialect.targetTime(stored.observedAt, 'milliseconds'),
    ];
    await trx.raw(lower, [dialect.targetTime(to, 'seconds'), m, o]);
    await trx(dialect.own('tombstone'))
      .where({
        module: layout.table.module,
        id,
        modified_at: dialect.writeTime(stored.modifiedAt),
        observed_at: dialect.writeTime(stored.observedAt),
      })
      .update({ modified_at: dialect.writeTime(to) });
  }
}
