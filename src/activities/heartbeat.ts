// Signs of life with the last word of how far the activity is: whoever looks at a pending activity sees it, however long a step takes.
import { Context, heartbeat } from '@temporalio/activity';

const lastWord = new WeakMap<Context, object>();

/** Says how far the activity is. */
export function tellProgress(progress: object): void {
  lastWord.set(Context.current(), progress);
  heartbeat(progress);
}

/** Repeats the last word, so that a beat in between does not wipe it out. */
export const beat = (context: Context): void => context.heartbeat(lastWord.get(context));
