// Parts a folded batch into what its table can hold and what it cannot. Pure.
import type { Reject } from '../batch';
import type { Entry } from '../fold';
import type { Layout } from '../layout';
import { refusal, rejectOf } from '../table/limits';

/** Counts what was read, and takes the content off an entry whose values do not fit. */
export function sort(
  layout: Layout,
  entries: readonly Entry[],
): { fitting: Entry[]; rejects: Reject[]; read: number; stale: number } {
  const fitting: Entry[] = [];
  const rejects: Reject[] = [];
  let read = 0;
  let stale = 0;
  for (const entry of entries) {
    if (entry.live === undefined) {
      fitting.push(entry);
      continue;
    }
    read += entry.beaten + 1;
    stale += entry.beaten;
    const refused = refusal(layout, entry.live.values);
    if (refused === undefined) {
      fitting.push(entry);
      continue;
    }
    rejects.push(rejectOf(layout, entry.live, refused));
    if (entry.goneAt !== undefined) fitting.push(withoutContent(entry));
  }
  return { fitting, rejects, read, stale };
}

export const withoutContent = ({ id, goneAt }: Entry): Entry => ({
  id,
  beaten: 0,
  ...(goneAt === undefined ? {} : { goneAt }),
});
