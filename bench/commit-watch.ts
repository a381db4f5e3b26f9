// Sees from outside when a change has become a committed row: a reader of its own on the SQLite file, like any other application.
import Database from 'better-sqlite3';

const lookEveryMs = 5;
const name = (change: number): string => `Change ${change}`;

interface Open {
  change: number;
  sentMs: number;
}

export class CommitWatch {
  private readonly db: Database.Database;
  private readonly open = new Map<string, Open[]>();
  private readonly timer: NodeJS.Timeout;
  private version: unknown;
  /** Milliseconds from sending a change to seeing its row, or a later change of the same record, committed. */
  private seen: number[] = [];

  constructor(path: string) {
    this.db = new Database(path, { readonly: true });
    this.timer = setInterval(() => this.look(), lookEveryMs);
  }

  /** The value of Last_Name that the watch will look for, from now on. */
  expect(id: string, change: number): string {
    this.open.set(id, [...(this.open.get(id) ?? []), { change, sentMs: performance.now() }]);
    return name(change);
  }

  get waiting(): number {
    let count = 0;
    for (const changes of this.open.values()) count += changes.length;
    return count;
  }

  /** What has been seen, and how many changes have not; starts over. */
  take(): { latenciesMs: number[]; lost: number } {
    const taken = { latenciesMs: this.seen, lost: this.waiting };
    this.seen = [];
    this.open.clear();
    return taken;
  }

  close(): void {
    clearInterval(this.timer);
    this.db.close();
  }

  private look(): void {
    // Changes with every commit of another connection, and costs next to nothing.
    const version = this.db.pragma('data_version', { simple: true });
    if (version === this.version || this.open.size === 0) return;
    this.version = version;
    const ids = [...this.open.keys()].join(',');
    const rows = this.db
      .prepare<[], { id: string; value: string | null }>(
        `SELECT CAST(id AS TEXT) AS id, Last_Name AS value FROM Leads WHERE id IN (${ids})`,
      )
      .all();
    const nowMs = performance.now();
    for (const { id, value } of rows) {
      const committed = Number(/^Change (\d+)$/.exec(value ?? '')?.[1] ?? -1);
      const changes = this.open.get(id) ?? [];
      const left = changes.filter(({ change }) => change > committed);
      for (const { sentMs } of changes.slice(0, changes.length - left.length)) this.seen.push(nowMs - sentMs);
      if (left.length === 0) this.open.delete(id);
      else this.open.set(id, left);
    }
  }
}
