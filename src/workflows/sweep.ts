// Rows that a complete export did not show are re-read, never believed gone: an export by a user with too few rights looks the same.
import { addCounts, type LoadStatus } from '../contracts';
import type { SweptPart } from '../activities';
import { reading } from './activities';
import type { Desk } from './desk';
import { failureOf, isFailure } from './failure';

/** @param seen ISO `created_time` of the export's first job, and the rows that it had. */
export async function sweep(
  desk: Desk<LoadStatus>,
  module: string,
  seen: { before: string; rows: number },
): Promise<void> {
  desk.show({ phase: 'sweeping' });
  let after: string | undefined;
  let confirmed = false;
  for (;;) {
    try {
      const part: SweptPart = await desk.untilDone(() =>
        reading.sweepUnseen.executeWithOptions({ summary: `${module}: re-read unseen rows` }, [
          { module, ...seen, ...(after ? { after } : {}), ...(confirmed ? { confirmed } : {}) },
        ]),
      );
      desk.show({ counts: addCounts(desk.read().counts, part.counts) });
      after = part.after;
      if (!after) return;
    } catch (error) {
      if (!isFailure(error, 'TooManyUnseen')) throw error;
      // Stops until an operator says `resume`: then the re-read decides, row by row.
      await desk.untilResumed(failureOf(error)!);
      confirmed = true;
    }
  }
}
