// On SQL Server an error inside a trigger ends the transaction, so the row at fault cannot be found by savepoints: it is found by
// transactions that are taken back, and then left out. Never commits anything itself.
import { DatabaseError } from '../errors';

/** The server has ended the transaction over one of these staged entries. */
export class TransactionLost extends Error {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly means: string,
  ) {
    super(`the transaction was ended by ${means}`);
    this.name = 'TransactionLost';
  }
}

/** Number of a staged entry → what refuses it. */
export type LeftOut = ReadonlyMap<number, string>;

/** Each costs some twenty transactions. */
const mostLeftOut = 50;

/**
 * Merges with the entries left out that end the transaction.
 * @param merge one transaction with everything else.
 * @param attempt one that is taken back: undefined when the server takes these entries.
 */
export async function mergeLeavingOut<T>(
  merge: (leftOut: LeftOut) => Promise<T>,
  attempt: (from: number, to: number) => Promise<string | undefined>,
): Promise<T> {
  const leftOut = new Map<number, string>();
  const narrow = async ({
    from,
    to,
    means,
  }: Pick<TransactionLost, 'from' | 'to' | 'means'>): Promise<void> => {
    if (to - from === 1) {
      leftOut.set(from, means);
      if (leftOut.size <= mostLeftOut) return;
      throw new DatabaseError(
        'permanent',
        `More than ${mostLeftOut} rows of a batch are refused by ${means}`,
      );
    }
    const middle = Math.floor((from + to) / 2);
    const before = leftOut.size;
    for (const half of [
      { from, to: middle },
      { from: middle, to },
    ]) {
      const refused = await attempt(half.from, half.to);
      if (refused !== undefined) await narrow({ ...half, means: refused });
    }
    if (leftOut.size === before)
      throw new DatabaseError(
        'permanent',
        `Rows are refused together that are taken one by one, by ${means}`,
      );
  };
  for (;;) {
    try {
      return await merge(leftOut);
    } catch (error) {
      if (!(error instanceof TransactionLost)) throw error;
      await narrow(error);
    }
  }
}
