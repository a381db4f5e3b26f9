// What the CRM really held, version by version, to tell a mirror that is late from one that lies. It never looks at the database.
import type { Simulator, Value } from '../../simulator';

export type TruthRecord = Readonly<Record<string, Value>>;

/** A field that always holds text: the id, a time. */
export const textAt = (record: TruthRecord, name: string): string => {
  const value = record[name];
  return typeof value === 'string' ? value : '';
};

export interface Life {
  /** Every content the record ever had, oldest first. */
  versions: TruthRecord[];
  /** The last of them, while the record lives. */
  now?: TruthRecord;
  /** When it last changed so that its Modified_Time or the list of deletions shows it, by Zoho's clock. */
  changedMs: number;
  /** When it last changed in more than a formula, by this machine's clock. */
  changedHereMs: number;
  /** It came back with its old Modified_Time: no list of changes shows that. */
  hidden: boolean;
  deletions: number;
}

export class Chronicle {
  readonly lives = new Map<string, Life>();
  changes = 0;
  readonly #texts = new Map<string, string>();

  constructor(
    private readonly sim: Simulator,
    private readonly module: string,
  ) {
    this.#compare(true);
    for (const life of this.lives.values())
      life.changedMs = Date.parse(textAt(life.now ?? {}, 'Modified_Time'));
  }

  /** To be called after every change. Answers the ids that it touched. */
  note(): string[] {
    const touched = this.#compare(false);
    this.changes += touched.length;
    return touched;
  }

  liveIds(): string[] {
    return [...this.lives].flatMap(([id, life]) => (life.now ? [id] : [])).sort();
  }

  #compare(first: boolean): string[] {
    const touched: string[] = [];
    const seen = new Set<string>();
    for (const record of this.sim.truth(this.module).records) {
      const id = textAt(record, 'id');
      seen.add(id);
      const text = JSON.stringify(record);
      const known = this.lives.get(id);
      if (known?.now && this.#texts.get(id) === text) continue;
      this.#texts.set(id, text);
      if (!first) touched.push(id);
      this.#take(id, record);
    }
    for (const [id, life] of this.lives) {
      if (!life.now || seen.has(id)) continue;
      touched.push(id);
      delete life.now;
      life.deletions += 1;
      this.#moved(life);
    }
    return touched;
  }

  #take(id: string, record: TruthRecord): void {
    const life = this.lives.get(id) ?? {
      versions: [],
      changedMs: 0,
      changedHereMs: 0,
      hidden: false,
      deletions: 0,
    };
    this.lives.set(id, life);
    const before = life.versions.at(-1);
    const sameTime = before?.Modified_Time === record.Modified_Time;
    const wasDead = before !== undefined && !life.now;
    life.now = record;
    if (JSON.stringify(before) !== JSON.stringify(record)) life.versions.push(record);
    if (wasDead && sameTime) {
      life.hidden = true;
      life.changedHereMs = Date.now();
    } else if (!sameTime || differsBeyondFormulas(before, record)) this.#moved(life);
  }

  #moved(life: Life): void {
    life.changedMs = this.sim.clock.now();
    life.changedHereMs = Date.now();
    life.hidden = false;
  }
}

/** The one formula field of the pretended Leads. */
export const formulas: ReadonlySet<string> = new Set(['Score_Formula']);

export const withoutFormulas = (record: TruthRecord): TruthRecord =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !formulas.has(name)));

const differsBeyondFormulas = (a: TruthRecord | undefined, b: TruthRecord): boolean =>
  a === undefined || JSON.stringify(withoutFormulas(a)) !== JSON.stringify(withoutFormulas(b));
