// What Zoho lists as deleted, as far as it was read. What it has once listed was deleted then, whoever asks: all batches of a sweep or a
// comparison share one reading, 2 credits a page of 200.
import { instant, type Instant, type RecordId } from '../mirror';
import type { ReadContext } from './read-apart';

/** As far back as Zoho lists what was deleted. */
const backMs = 60 * 24 * 60 * 60_000;
/** What was deleted since then is in no page that was read. */
const keptForMs = 10 * 60_000;

/** How far to read on. */
export interface Patience {
  pages: number;
  /** That few are not worth another page. */
  few: number;
}

export class Deletions {
  /** When Zoho listed it. */
  readonly #listed = new Map<RecordId, Instant>();
  #begun = instant(0);
  #next = 1;
  #more = false;

  /** Which of them Zoho has listed, and when: at the instant that each comes with or later. */
  async find(
    { zoho, plan, signal }: ReadContext,
    wanted: ReadonlyMap<RecordId, Instant>,
    { pages, few }: Patience,
  ): Promise<Map<RecordId, Instant>> {
    const found = new Map<RecordId, Instant>();
    const look = (id: RecordId): void => {
      const at = this.#listed.get(id);
      const since = wanted.get(id);
      if (at !== undefined && since !== undefined && at >= since) found.set(id, at);
    };
    if (Math.abs(zoho.now() - this.#begun) > keptForMs) this.#begin(zoho.now());
    for (const id of wanted.keys()) look(id);
    for (let read = 0; read < pages && this.#more && wanted.size - found.size > few; read += 1) {
      const page = this.#next;
      const since = instant(this.#begun - backMs);
      const { records, more, askedAt } = await zoho.deletedPage(plan.module, since, page, signal);
      this.#next = page + 1;
      this.#more = more;
      for (const { id } of records) this.#listed.set(id, askedAt);
      for (const { id } of records) look(id);
    }
    return found;
  }

  #begin(now: Instant): void {
    this.#listed.clear();
    this.#begun = now;
    this.#next = 1;
    this.#more = true;
  }
}

/** One for each module. */
export class DeletionsByModule {
  readonly #all = new Map<string, Deletions>();

  of(module: string): Deletions {
    const known = this.#all.get(module) ?? new Deletions();
    this.#all.set(module, known);
    return known;
  }
}
