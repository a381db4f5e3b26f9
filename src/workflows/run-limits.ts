// Ends a run before the server would: it takes 10,000 signals a run and kills one of 51,200 events or 50 MB, without a warning.
import { condition, workflowInfo } from '@temporalio/workflow';

/** Well below the server's 10,000, so that signals still get in while the run is ending. */
const mostSignals = 5_000;
/** From so many on a run ends at its next resting place. */
const enoughSignals = 1_000;

export class RunLimits {
  /** Of every kind: the server counts those that are ignored too. */
  signals = 0;
  private suggestedAt: { events: number; bytes: number } | undefined;

  /** It is time for a new run, as soon as nothing is in hand. */
  get reached(): boolean {
    return this.signals >= enoughSignals || workflowInfo().continueAsNewSuggested;
  }

  /** It is time now, whatever is in hand. Work that moves gets there first, so only work that is stuck is given up. */
  private exceeded(): boolean {
    if (this.signals >= mostSignals) return true;
    const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
    if (!continueAsNewSuggested) return false;
    this.suggestedAt ??= { events: historyLength, bytes: historySize };
    return historyLength >= 2 * this.suggestedAt.events || historySize >= 2 * this.suggestedAt.bytes;
  }

  /**
   * Works, and answers `exceeded` when the run must end first. The caller then continues as new at once, without an await between:
   * what waits is dropped with the run, and an activity under way is told by its next heartbeat.
   */
  async within<T>(work: () => Promise<T>): Promise<T | 'exceeded'> {
    let ended: (() => T) | undefined;
    work().then(
      (value) => (ended = () => value),
      (error: unknown) =>
        (ended = () => {
          throw error;
        }),
    );
    await condition(() => ended !== undefined || this.exceeded());
    return ended ? ended() : 'exceeded';
  }
}
