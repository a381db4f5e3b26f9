// What goes on around every activity: whose credits it may spend, its heartbeat, and the type of its error.
import { activityInfo, type Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import { workflowTypes } from '../contracts';
import { inBackground } from '../zoho';
import { asFailure } from './failures';
import { beat } from './heartbeat';

const beatMs = 2_500;

/** What keeps the mirror at Zoho's heels goes on while loads, catch-ups and comparisons wait for API credits. */
const foreground: ReadonlySet<string> = new Set([
  workflowTypes.notificationSync,
  workflowTypes.channelRenewal,
]);

const byPriority = <T>(work: () => T): T =>
  foreground.has(activityInfo().workflowType ?? '') ? work() : inBackground(work);

/**
 * Its workflow's type decides whether an activity may use the reserve of API credits, errors get their type, and a background heartbeat
 * shows that the process lives, so that a killed worker is noticed within the heartbeat timeout however long a single call takes.
 */
export const activityInterceptor = (context: Context): ActivityInterceptors => ({
  inbound: {
    async execute(input, next) {
      const beating = setInterval(
        () => context.info.heartbeatTimeoutMs !== undefined && beat(context),
        beatMs,
      );
      try {
        return await byPriority(() => next(input));
      } catch (error) {
        throw asFailure(error);
      } finally {
        clearInterval(beating);
      }
    },
  },
});
