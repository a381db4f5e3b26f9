// Brings entries into SQLite: new records straight into the target, all others into a temporary table. Decides nothing.
import type Sqlite from 'better-sqlite3';
import { toIsoMs, toIsoSeconds, type Instant } from '../../mirror/instant';
import type { Entry } from '../fold';
import { bookkeepingOf, type Layout } from '../layout';
import { affinity, quote, target } from './schema';

export const stageName = 'temp.zoho_mirror_stage';
export const planName = 'temp.zoho_mirror_plan';

/** Staged columns are numbered: their names cannot collide with the bookkeeping. */
export const staged = (index: number): string => `v${index}`;

export function createStage(sqlite: Sqlite.Database, layout: Layout): void {
  const values = layout.columns.map((column, i) => `, ${staged(i)} ${affinity(column)}`).join('');
  sqlite.exec(`
    DROP TABLE IF EXISTS ${stageName};
    DROP TABLE IF EXISTS ${planName};
    CREATE TEMP TABLE zoho_mirror_stage (n INTEGER PRIMARY KEY, id INTEGER, m TEXT, o TEXT, g TEXT${values});
    CREATE TEMP TABLE zoho_mirror_plan (
      n INTEGER PRIMARY KEY, id INTEGER, has_content INTEGER, has_row INTEGER, owned INTEGER, undeleted INTEGER,
      applied INTEGER, held INTEGER, same INTEGER, differs INTEGER, batch_g TEXT, g TEXT, m TEXT, o TEXT, dead INTEGER
    );`);
}

/** Neighbouring rows of an export share their instants: the last text is kept. */
function remembering(format: (at: Instant) => string): (at: Instant) => string {
  let last: Instant | undefined;
  let text = '';
  return (at) => {
    if (at !== last) {
      text = format(at);
      last = at;
    }
    return text;
  };
}

export class Stager {
  readonly #insertNew: Sqlite.Statement;
  readonly #stage: Sqlite.Statement;
  readonly #known: Sqlite.Statement;
  readonly #clear: Sqlite.Statement;
  readonly #constants: readonly (string | null)[];
  /** Of a table that keeps the three columns beside itself. */
  readonly #insertStamps: Sqlite.Statement | undefined;
  readonly #module: string;
  readonly #seconds = remembering(toIsoSeconds);
  readonly #ms = remembering(toIsoMs);
  readonly #wholeMs = remembering(toIsoMs);

  constructor(sqlite: Sqlite.Database, layout: Layout, own: { tombstone: string; side: string }) {
    const { key, columns, constants, flags, table } = layout;
    const fixed = [...constants, ...flags.map(({ column, live }) => ({ column, value: live }))];
    const into = [key, ...columns, ...fixed.map(({ column }) => column)].map((column) => quote(column.name));
    const { modifiedAt, observedAt } = bookkeepingOf(table);
    const stamps = [quote(modifiedAt), quote(observedAt)];
    const beside = table.bookkeeping === 'side-table';
    const names = beside ? into : [...into, ...stamps];
    const marks = (count: number): string => new Array(count).fill('?').join(', ');
    this.#constants = fixed.map(({ value }) => value);
    this.#module = table.module;
    this.#insertStamps = beside
      ? sqlite.prepare(
          `INSERT OR REPLACE INTO ${own.side} (module, id, ${stamps.join(', ')}) VALUES (?, ?, ?, ?)`,
        )
      : undefined;
    this.#insertNew = sqlite.prepare(
      `INSERT INTO ${target(table.table)} (${names.join(', ')}) VALUES (${marks(names.length)})`,
    );
    this.#stage = sqlite.prepare(`INSERT INTO ${stageName} VALUES (${marks(columns.length + 5)})`);
    this.#clear = sqlite.prepare(`DELETE FROM ${stageName}`);
    this.#known = sqlite
      .prepare(
        `SELECT j.key FROM json_each(?) j
          WHERE EXISTS (SELECT 1 FROM ${target(table.table)} t WHERE t.${quote(key.name)} = j.value)
             OR EXISTS (SELECT 1 FROM ${own.tombstone} d WHERE d.module = ? AND d.id = j.value)`,
      )
      .pluck();
  }

  /** Positions of the entries that have a row or a tombstone. Ids stay text up to SQLite's JSON parser, which reads 64 bits. */
  known(entries: readonly Entry[], module: string): Set<number> {
    const ids = `[${entries.map((entry) => entry.id).join(',')}]`;
    return new Set(this.#known.all(ids, module) as number[]);
  }

  insertNew(entry: Entry & { live: NonNullable<Entry['live']> }): void {
    const { values, modifiedAt, observedAt } = entry.live;
    const parameters: (string | null)[] = [entry.id];
    for (const value of values) parameters.push(value);
    for (const value of this.#constants) parameters.push(value);
    const stamps = [this.#seconds(modifiedAt), this.#ms(observedAt)];
    this.#insertNew.run(this.#insertStamps === undefined ? [...parameters, ...stamps] : parameters);
    this.#insertStamps?.run(this.#module, entry.id, ...stamps);
  }

  stage(entries: readonly Entry[], columns: number): void {
    this.#clear.run();
    const nothing = new Array<null>(columns).fill(null);
    entries.forEach((entry, n) => {
      const { live, goneAt } = entry;
      const parameters: (string | number | null)[] = [
        n,
        entry.id,
        live === undefined ? null : this.#wholeMs(live.modifiedAt),
        live === undefined ? null : this.#ms(live.observedAt),
        goneAt === undefined ? null : toIsoMs(goneAt),
      ];
      for (const value of live?.values ?? nothing) parameters.push(value);
      this.#stage.run(parameters);
    });
  }
}
