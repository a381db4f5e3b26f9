// Whose work a call is. Background work (loads, catch-up, reconciliation) can wait and stops before the reserve of API credits;
// everything else goes on. Said once, around an activity, and carried along by the runtime.
import { AsyncLocalStorage } from 'node:async_hooks';

const background = new AsyncLocalStorage<boolean>();

export const inBackground = <T>(work: () => T): T => background.run(true, work);
export const inForeground = <T>(work: () => T): T => background.run(false, work);
export const isBackground = (): boolean => background.getStore() === true;
