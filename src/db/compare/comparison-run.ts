// A run's own rows in `comparison` and the tables that belong to it: begun, looked for, forgotten.
import type { Knex } from 'knex';
import { instant, type Instant } from '../../mirror/instant';
import type { Dialect } from '../dialect';
import { DatabaseError } from '../errors';

/** A run that died without cleaning up: nobody goes on with an export of last month. */
const leftOverMs = 30 * 86_400_000;

/** Forgets what an earlier try of the run had kept, and what dead runs left behind. */
export async function beginRun(
  trx: Knex.Transaction,
  dialect: Dialect,
  { module, runId, at }: { module: string; runId: string; at: Instant },
): Promise<void> {
  const runs = dialect.own('comparison');
  const old = dialect.writeTime(instant(at - leftOverMs));
  const dead = (await trx(runs).where('began_at', '<', old).orWhere({ run_id: runId }).select('run_id')) as {
    run_id: string;
  }[];
  for (const { run_id } of dead) await forgetRun(trx, dialect, run_id);
  await trx(runs).insert({ run_id: runId, module, began_at: dialect.writeTime(at) });
}

export async function forgetRun(trx: Knex.Transaction, dialect: Dialect, runId: string): Promise<void> {
  for (const table of ['comparison_row', 'comparison_reject', 'comparison'] as const)
    await trx(dialect.own(table)).where({ run_id: runId }).delete();
}

export async function expectRun(on: Knex, dialect: Dialect, runId: string): Promise<void> {
  if ((await on(dialect.own('comparison')).where({ run_id: runId }).first()) === undefined)
    throw new DatabaseError('permanent', 'What this run had compared is no longer there: start it again');
}
