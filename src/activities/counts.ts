// Counts as a log line tells them: what did not happen is not told.
import type { Counts } from '../contracts';

export const happened = (counts: Counts): Partial<Counts> =>
  Object.fromEntries(Object.entries(counts).filter(([, rows]) => rows > 0));
