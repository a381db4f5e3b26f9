// Removes from the mirror's own tables what only grew: settled rejects, which are personal data, and the books of runs long over.
// Never touches a target table, a tombstone or an open reject.
import type { Knex } from 'knex';
import { workflowTypes } from '../../contracts';
import type { Instant } from '../../mirror/instant';
import type { Dialect, OwnTable } from '../dialect';

/** Short locks, and less than what escalates them. */
const rowsAtATime = 1_000;

/** A piece of it. Answers whether there may be more. */
export async function prune(
  trx: Knex.Transaction,
  dialect: Dialect,
  { module, before }: { module: string; before: Instant },
): Promise<boolean> {
  const until = dialect.writeTime(before);
  const removed = async (
    table: OwnTable,
    key: string,
    old: (query: Knex.QueryBuilder) => Knex.QueryBuilder,
  ): Promise<number> => {
    const own = dialect.own(table);
    const found = (await old(trx(own)).limit(rowsAtATime).pluck(key)) as string[];
    if (found.length > 0) await old(trx(own)).whereIn(key, found).delete();
    return found.length;
  };
  const counts = [
    await removed('rejected_record', 'reject_key', (query) =>
      query.where({ module }).where('resolved_at', '<', until),
    ),
    // Loads are few, and the last one may well be years old.
    await removed('sync_run', 'run_id', (query) =>
      query.where({ module }).whereNot('workflow', workflowTypes.initialSync).where('updated_at', '<', until),
    ),
    // Zoho keeps the file of an export for a day.
    await removed('page_checkpoint', 'job_id', (query) => query.where('updated_at', '<', until)),
  ];
  return counts.some((count) => count === rowsAtATime);
}
