// Before a first load: old rows without a Zoho id are matched with Zoho's records by the columns that the configuration chooses.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { noCounts } from '../contracts';
import { observationsOf } from '../pages';
import { readBatches, type LoadedPage, type LoadPage } from './load-page';
import { matchedPart } from './catalog';
import type { Deps } from './deps';

export interface OfferPage extends LoadPage {
  /** Of the chain; the first begins the matching. */
  page: number;
}

export interface MatchedRows {
  adopted: number;
  ambiguous: number;
  /** Ids of some that are ambiguous. */
  samples: string[];
}

const samplesShown = 20;

export const createMatchActivities = (deps: Deps) => ({
  /** Whether there is nothing to match, or it has been done by these columns. */
  async matchingSettled(module: string): Promise<boolean> {
    const { table } = await deps.catalog.plan(module, { signal: cancellationSignal() });
    return deps.db.matching.settled(table);
  },

  /** Keeps what the records of a page are matched by. A record that cannot be typed matches nothing. */
  async offerPage(page: OfferPage): Promise<LoadedPage> {
    const signal = cancellationSignal();
    const { mapping, table } = matchedPart(await deps.catalog.plan(page.module, { signal }));
    return readBatches(deps, { page, mapping, signal }, async (batch) => {
      const { from, to, last } = batch;
      await deps.db.matching.offer(table, {
        observations: observationsOf(batch),
        first: page.page === 1 && from === 0,
        checkpoint: { jobId: page.jobId, from, to, complete: last },
        signal,
      });
      return noCounts();
    });
  },

  /** Gives old rows their ids. What could be more than one pair is listed and left alone. */
  async adoptMatches(module: string): Promise<MatchedRows> {
    const signal = cancellationSignal();
    const { table } = await deps.catalog.plan(module, { signal });
    const { adopted, ambiguous } = await deps.db.matching.adopt(table, signal);
    heartbeat({ adopted });
    const listed = await deps.db.matching.ambiguous(module, samplesShown);
    return { adopted, ambiguous, samples: listed.map(({ id }) => id) };
  },
});
