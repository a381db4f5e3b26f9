// The mirror's SQLite file, read past the product and in one go, so that what is seen is one moment. Never writes.
import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';

export interface MirrorRow {
  m: string;
  o: string;
  /** While it is marked deleted. */
  d: string | null;
  cells: ReadonlyMap<string, string | null>;
}

export interface OpenReject {
  id: string | null;
  column: string | null;
  modifiedAt: string | null;
  observedAt: string;
}

export interface Moment {
  /** ISO. */
  watermark?: string;
  /** Rows of the mirror, by id. */
  rows: ReadonlyMap<string, MirrorRow>;
  /** Rows that were there before and that the mirror never wrote, as JSON by id. */
  foreign: ReadonlyMap<string, string>;
  gone: ReadonlyMap<string, string>;
  rejects: readonly OpenReject[];
}

type Row = Record<string, unknown>;

/** SQLite gives text, big integers or null. */
const text = (value: unknown): string | null =>
  typeof value === 'string' || typeof value === 'bigint' ? String(value) : null;

const own = ['zoho_modified_at', 'zoho_observed_at', 'zoho_deleted_at'];

export class MirrorFile {
  #open: Sqlite.Database | undefined;

  constructor(
    private readonly path: string,
    private readonly module: string,
  ) {}

  moment(): Moment {
    const sqlite = this.#sqlite();
    const empty: Moment = { rows: new Map(), foreign: new Map(), gone: new Map(), rejects: [] };
    if (sqlite === undefined) return empty;
    return sqlite.transaction((): Moment => {
      const there = new Set(
        sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[],
      );
      if (!there.has('zoho_mirror_rejected_record')) return empty;
      const watermark = text(
        this.#one('SELECT watermark FROM zoho_mirror_sync_state WHERE module = ?')?.watermark,
      );
      return {
        ...(watermark === null ? {} : { watermark }),
        ...(there.has(this.module) ? this.#rows() : { rows: empty.rows, foreign: empty.foreign }),
        gone: new Map(
          this.#all('SELECT id, gone_at FROM zoho_mirror_tombstone WHERE module = ?').map((row) => [
            String(row.id),
            String(row.gone_at),
          ]),
        ),
        rejects: this.#all(
          `SELECT id, column_name, modified_at, observed_at FROM zoho_mirror_rejected_record
            WHERE module = ? AND resolved_at IS NULL`,
        ).map((row) => ({
          id: text(row.id),
          column: text(row.column_name),
          modifiedAt: text(row.modified_at),
          observedAt: String(row.observed_at),
        })),
      };
    })();
  }

  close(): void {
    this.#open?.close();
  }

  #rows(): Pick<Moment, 'rows' | 'foreign'> {
    const rows = new Map<string, MirrorRow>();
    const foreign = new Map<string, string>();
    for (const row of this.#sqlite()!.prepare(`SELECT * FROM "${this.module}"`).all() as Row[]) {
      const { id, zoho_modified_at: m, zoho_observed_at: o, zoho_deleted_at: d } = row;
      const cells = Object.entries(row).filter(([name]) => name !== 'id' && !own.includes(name));
      if (o === null || o === undefined)
        foreign.set(String(id), JSON.stringify(cells.filter(([, value]) => value !== null)));
      else
        rows.set(String(id), {
          m: text(m) ?? '',
          o: text(o) ?? '',
          d: text(d),
          cells: new Map(cells.map(([name, value]) => [name, text(value)])),
        });
    }
    return { rows, foreign };
  }

  #one = (sql: string): Row | undefined => this.#all(sql)[0];

  #all(sql: string): Row[] {
    return this.#sqlite()!.prepare(sql).all(this.module) as Row[];
  }

  #sqlite(): Sqlite.Database | undefined {
    if (this.#open === undefined && existsSync(this.path)) {
      this.#open = new Sqlite(this.path, { readonly: true });
      // Ids have 19 digits.
      this.#open.defaultSafeIntegers(true);
    }
    return this.#open;
  }
}
