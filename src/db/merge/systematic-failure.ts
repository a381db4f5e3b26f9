// One cause that fails every row of an export is nobody's reject: the load stops at once and says what it is. Writes nothing.
import type { Knex } from 'knex';
import type { Reject } from '../batch';
import type { Dialect, MergeSession, Verdict } from '../dialect';
import { DatabaseError, SchemaMismatchError } from '../errors';

/** Fewer rows may well be refused alike and each for itself. */
const alikeAtLeast = 100;
const probes = 20;

/** Counts rows that the table refused one after the other, for the same reason, with none taken between them. */
export class Suspicion {
  private code: string | undefined;
  private count = 0;
  private lifted = false;

  /** True when it is time to look whether the table takes any row at all. */
  grows(code: string): boolean {
    this.count = code === this.code ? this.count + 1 : 1;
    this.code = code;
    return !this.lifted && this.count === alikeAtLeast;
  }

  taken(): void {
    this.code = undefined;
  }

  lift(): void {
    this.lifted = true;
  }
}

/** Tries some staged rows from everywhere, and takes each back. Throws when the table takes none. */
export async function expectOneToGoIn(
  work: { trx: Knex.Transaction; dialect: Dialect; session: MergeSession; fromExport: boolean },
  staged: number,
  { means, code }: Verdict,
): Promise<void> {
  const { trx, dialect, session, fromExport } = work;
  for (let probe = 0; probe < probes; probe += 1) {
    const from = Math.floor(((probe + 0.5) * staged) / probes);
    await dialect.savepoint(trx);
    try {
      await session.apply({ from, to: from + 1, fromExport });
      return;
    } catch (error) {
      if (dialect.classify(error).kind !== 'row') throw error;
    } finally {
      await dialect.rollbackToSavepoint(trx);
    }
  }
  throw new DatabaseError('permanent', `The table takes no row: each is refused by ${means} (${code})`, code);
}

/** Throws when no row of a batch fits, and each fails at the same column. */
export function expectOneToFit(rejects: readonly Reject[], read: number): void {
  const [first] = rejects;
  if (first?.column === undefined || read < alikeAtLeast || rejects.length < read) return;
  if (rejects.some(({ column }) => column !== first.column)) return;
  throw new SchemaMismatchError(
    [`None of ${read} rows fits the column ${first.column}; of the first: ${first.reason}`],
    [],
  );
}
