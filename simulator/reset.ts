// Puts a running simulator back to its first state; it never changes its address.
import type { Context } from './context';

export function resetAll(context: Context, fresh: { records?: number; seed?: number } = {}): void {
  context.notifier.reset();
  context.jobs.reset();
  context.channels.kill();
  context.faults.clear();
  context.pageTokens.clear();
  context.oauth.reset();
  context.credits.reset();
  context.stats.reset();
  context.clock.reset();
  context.crm.reset(fresh);
}
