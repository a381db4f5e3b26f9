// Reads of the target table: registers, unseen rows, counts, whole rows. Never writes.
import type { Knex } from 'knex';
import type { TypedValue } from '../mirror/column-type';
import type { Instant } from '../mirror/instant';
import type { Registers } from '../mirror/observation';
import { recordId, type RecordId } from '../mirror/record-id';
import type { OpenCounts, StoredRow } from './database';
import type { Dialect, RegisterExpressions } from './dialect';
import type { Layout } from './layout';
import { countOpenRejects } from './own/rejects';
import { listOf, pieces } from './pieces';

const rowsPerStatement = 2_000;
type Row = Record<string, unknown>;

export class Reader {
  readonly #at: RegisterExpressions;
  /** The target, with what has to be joined to it. */
  readonly #from: string;

  constructor(
    private readonly knex: Knex,
    private readonly dialect: Dialect,
    private readonly layout: Layout,
  ) {
    this.#at = dialect.registers(layout);
    this.#from = `${this.#at.t} t ${this.#at.join}`;
  }

  async #rows(sql: string, bindings: readonly (string | number)[] = []): Promise<Row[]> {
    return (await this.knex.raw(sql, [...bindings])) as Row[];
  }

  async registers(ids: readonly RecordId[]): Promise<Map<RecordId, Registers>> {
    const found = new Map<RecordId, Registers>();
    for (const some of pieces(ids)) await this.#someRegisters(some, found);
    return found;
  }

  async #someRegisters(ids: readonly RecordId[], found: Map<RecordId, Registers>): Promise<void> {
    const list = listOf(ids);
    const tombs = await this.#rows(
      `SELECT CAST(d.id AS varchar(20)) AS id, d.gone_at, d.modified_at, d.observed_at
         FROM ${this.dialect.own('tombstone')} d WHERE d.module = ? AND d.id IN (${list})`,
      [this.layout.table.module],
    );
    for (const row of tombs) {
      found.set(recordId(row.id), {
        ...this.#content(row.modified_at, row.observed_at),
        ...this.#present('goneAt', row.gone_at),
      });
    }
    const rows = await this.#rows(
      `SELECT ${this.#at.id} AS id, ${this.#at.m} AS m, ${this.#at.o} AS o
         FROM ${this.#from} WHERE ${this.#at.key} IN (${list}) AND ${this.#at.o} IS NOT NULL`,
    );
    for (const row of rows) {
      const id = recordId(row.id);
      found.set(id, { ...found.get(id), ...this.#content(row.m, row.o) });
    }
  }

  #content = (m: unknown, o: unknown): Registers => ({
    ...this.#present('modifiedAt', m),
    ...this.#present('observedAt', o),
  });

  #present<K extends string>(name: K, value: unknown): Partial<Record<K, Instant>> {
    const at = this.dialect.readTime(value);
    return at === undefined ? {} : ({ [name]: at } as Record<K, Instant>);
  }

  /** A record that Zoho has shown and the table has refused was seen, though its row does not tell. */
  get #unseen(): string {
    return `${this.#at.o} < ? AND ${this.#at.d} IS NULL AND NOT EXISTS (
      SELECT 1 FROM ${this.dialect.own('rejected_record')} x
       WHERE x.module = ? AND x.id = ${this.#at.id} AND x.resolved_at IS NULL AND x.observed_at >= ?)`;
  }

  #unseenSince(before: Instant): string[] {
    const { dialect, layout } = this;
    return [dialect.targetTime(before, 'milliseconds'), layout.table.module, dialect.writeTime(before)];
  }

  async countUnseen(before: Instant): Promise<number> {
    const rows = await this.#rows(
      `SELECT count(*) AS n FROM ${this.#from} WHERE ${this.#unseen}`,
      this.#unseenSince(before),
    );
    return Number(rows[0]?.n ?? 0);
  }

  async unseen(before: Instant, after: RecordId | undefined, limit: number): Promise<RecordId[]> {
    const page = this.dialect.page(limit);
    const rows = await this.#rows(
      `SELECT ${page.top} ${this.#at.id} AS id FROM ${this.#from}
        WHERE ${this.#unseen} AND ${this.#at.key} > ${after === undefined ? '0' : recordId(after)}
        ORDER BY ${this.#at.key} ${page.limit}`,
      this.#unseenSince(before),
    );
    return rows.map((row) => recordId(row.id));
  }

  async count(): Promise<OpenCounts> {
    const rows = await this.#rows(
      `SELECT sum(CASE WHEN ${this.#at.d} IS NULL THEN 1 ELSE 0 END) AS live,
              sum(CASE WHEN ${this.#at.d} IS NULL THEN 0 ELSE 1 END) AS deleted
         FROM ${this.#from} WHERE ${this.#at.o} IS NOT NULL`,
    );
    return {
      live: Number(rows[0]?.live ?? 0),
      deleted: Number(rows[0]?.deleted ?? 0),
      rejected: await countOpenRejects(this.knex, this.dialect, this.layout.table.module),
    };
  }

  /** Page by page, so that no connection is held between two pages. */
  async *rows(): AsyncIterable<StoredRow> {
    const values = this.layout.columns.map((column, i) => {
      const type = this.layout.table.columns[i]?.type ?? { kind: 'text', length: null };
      return `${this.dialect.canonical(`t.${this.dialect.quote(column.name)}`, type, column)} AS v${i}`;
    });
    const page = this.dialect.page(rowsPerStatement);
    const select = [
      `${this.#at.id} AS id`,
      ...values,
      `${this.#at.m} AS m`,
      `${this.#at.o} AS o`,
      `${this.#at.d} AS d`,
    ];
    for (let after = '0'; ;) {
      const rows = await this.#rows(
        `SELECT ${page.top} ${select.join(', ')} FROM ${this.#from} WHERE ${this.#at.key} > ${after}
          ORDER BY ${this.#at.key} ${page.limit}`,
      );
      for (const row of rows) yield this.#stored(row, values.length);
      const last = rows.at(-1);
      if (last === undefined || rows.length < rowsPerStatement) return;
      after = recordId(last.id);
    }
  }

  #stored(row: Row, columns: number): StoredRow {
    const values: TypedValue[] = [];
    for (let i = 0; i < columns; i += 1) {
      const value = row[`v${i}`];
      values.push(typeof value === 'string' ? value : null);
    }
    return {
      id: recordId(row.id),
      values,
      ...this.#content(row.m, row.o),
      ...this.#present('deletedAt', row.d),
    };
  }
}
