// Rows that a complete export did not show are re-read, never believed gone: an export by a user with too few rights looks the same.
import { ApplicationFailure } from '@temporalio/workflow';
import { addCounts, type LoadStatus } from '../contracts';
import { quick, reading } from './activities';
import type { Desk } from './desk';

const alwaysAllowed = 1_000;
const allowedShare = 0.1;

/** @param before ISO: `created_time` of the export's first job. */
export async function sweep(desk: Desk<LoadStatus>, module: string, before: string): Promise<void> {
  desk.show({ phase: 'sweeping' });
  const { unseen, live } = await desk.persist(() =>
    quick.countUnseen.executeWithOptions({ summary: `${module}: rows that the export did not show` }, [
      module,
      before,
    ]),
  );
  if (unseen > Math.max(alwaysAllowed, live * allowedShare)) await askFirst(desk, module, unseen, live);
  let after: string | undefined;
  do {
    const part = await desk.persist(() =>
      reading.sweepUnseen.executeWithOptions({ summary: `${module}: re-read unseen rows` }, [
        { module, before, ...(after ? { after } : {}) },
      ]),
    );
    desk.show({ counts: addCounts(desk.read().counts, part.counts) });
    after = part.after;
  } while (after);
}

/** Stops until an operator says `resume`: then the re-read decides, row by row. */
async function askFirst(desk: Desk<LoadStatus>, module: string, unseen: number, live: number): Promise<void> {
  const failure = ApplicationFailure.nonRetryable(
    `The export of ${module} did not show ${unseen} of ${live} live rows. See whether the Zoho user may still see all records, then resume`,
    'TooManyUnseen',
  );
  await desk.untilResumed(failure);
}
