// How a workflow takes its steps: not while it is paused, until they work, and with whatever a person has to do in between.
import { condition, isCancellation, type ApplicationFailure } from '@temporalio/workflow';
import type { ErrorType, Status } from '../contracts';
import { quick } from './activities';
import { failureOf } from './failure';
import { StatusBoard, type Asked } from './status-board';

const tryAgainAfter = '1h';
/** News may mean that Zoho can be reached again, but not a hundred times a second. */
const newsAfter = '1m';
const restAfterNews = '59m';

/** Types after which only a person can help: degraded, not failed. */
const needsPerson: ReadonlySet<string> = new Set<ErrorType>([
  'ZohoPermanent',
  'ChannelPaused',
  'SchemaMismatch',
  'DatabasePermanent',
  'Bug',
]);

export class Desk<S extends Status> extends StatusBoard<S> {
  /**
   * Does a step until it works. Where a person must act it is degraded, tries again hourly and at once on `resume`;
   * other failures (bad input, a broken chain) are the caller's.
   * @param news a number that grows when something happens that is worth a try before the hour is over.
   */
  async untilDone<T>(step: () => Promise<T>, { news }: { news?: () => number } = {}): Promise<T> {
    const trouble = {};
    let nudged = false;
    for (;;) {
      await this.waitWhilePaused();
      // From before the step: who says `resume` while it is under way has seen something that it may not have seen.
      const asked = this.listen();
      try {
        const result = await step();
        const wasDegraded = this.markRecovered(trouble);
        if (wasDegraded && !nudged) await this.wakeSiblings();
        return result;
      } catch (error) {
        const failure = failureOf(error);
        if (failure?.type === ('CreditsReserved' satisfies ErrorType)) {
          await this.waitForCredits(failure, trouble);
          continue;
        }
        if (!failure || !needsPerson.has(failure.type ?? '')) {
          this.markRecovered(trouble);
          throw error;
        }
        await this.askForSearchAttributes();
        nudged = (await this.retryLater(failure, trouble, { news, asked })) === 'nudged';
      }
    }
  }

  /** Waits while an operator wants it to. */
  async waitWhilePaused(): Promise<void> {
    if (!this.isPaused) return;
    const { phase } = this.state;
    this.show({ phase: 'paused' } as Partial<S>);
    await condition(() => !this.isPaused);
    this.show({ phase } as Partial<S>);
  }

  /**
   * This workflow works again, so the module's others probably can too. Only who was not told so itself tells it: two of them never
   * wake each other in turns.
   */
  async wakeSiblings(): Promise<void> {
    const { module } = this.state;
    await quick.wakeSiblings
      .executeWithOptions({ summary: `${module}: wake what is degraded`, scheduleToCloseTimeout: '1m' }, [
        module,
      ])
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
      });
  }

  /** Degraded until an operator says so, however long it takes. */
  async untilResumed(failure: ApplicationFailure): Promise<void> {
    this.triesByItself = false;
    this.markDegraded(failure);
    const seen = this.resumes;
    await condition(() => this.resumes > seen);
    this.triesByItself = true;
    this.markRecovered();
  }

  /** Degraded for an hour, until `resume`, or until a sibling or the news make a try worthwhile; the next success ends it. */
  async retryLater(
    failure: ApplicationFailure,
    trouble: object = this,
    { news, asked = this.listen() }: { news?: (() => number) | undefined; asked?: Asked } = {},
  ): Promise<'nudged' | 'by itself'> {
    this.markDegraded(failure, trouble);
    const heard = news?.() ?? 0;
    const summary = `${this.state.module}: try again`;
    if (!news) await condition(() => asked() !== undefined, tryAgainAfter, { summary });
    else if (!(await condition(() => asked() !== undefined, newsAfter, { summary })))
      await condition(() => asked() !== undefined || news() > heard, restAfterNews, { summary });
    return asked() === 'sibling' ? 'nudged' : 'by itself';
  }

  /** Trouble before the settings are known must be found by the list filter too. */
  private async askForSearchAttributes(): Promise<void> {
    if (!this.knowsSearchAttributes) {
      const summary = `${this.state.module}: search attributes`;
      this.useSearchAttributes({
        searchAttributes: await quick.knowsSearchAttributes.executeWithOptions({ summary }, []),
      });
    }
  }

  /** Until credits have come back, or until `resume`. Nobody is needed, so nothing is degraded. */
  private async waitForCredits(failure: ApplicationFailure, step: object): Promise<void> {
    const [waitMs] = failure.details ?? [];
    this.markWaiting(step, failure.message);
    const seen = this.resumes;
    await condition(() => this.resumes > seen, typeof waitMs === 'number' ? waitMs : tryAgainAfter, {
      summary: `${this.state.module}: wait for API credits`,
    });
  }
}
