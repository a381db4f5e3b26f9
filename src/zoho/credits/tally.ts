// What the calls of one piece of work cost, by Zoho's price list. Carried along by the runtime, so work side by side is told apart.
import { AsyncLocalStorage } from 'node:async_hooks';

const tally = new AsyncLocalStorage<{ credits: number }>();

export const noteSpent = (credits: number): void => {
  const running = tally.getStore();
  if (running) running.credits += credits;
};

/** Does the work and answers, beside its result, what its calls cost. */
export function countingCredits<T extends object>(work: () => Promise<T>): Promise<T & { credits: number }> {
  const mine = { credits: 0 };
  return tally.run(mine, async () => ({ ...(await work()), credits: mine.credits }));
}
