// Watches the mirror while everything happens, and says when it misses, resurrects or lies. It changes nothing.
import { formulas, textAt, type Chronicle, type Life, type TruthRecord } from './chronicle';
import { differing, refusals, type Rules } from './likeness';
import type { MirrorFile, MirrorRow, Moment } from './mirror-file';

export interface Failure {
  /** What was promised and is not so. */
  rule: string;
  detail: string;
}

export type Difference = 'missing' | 'extra' | 'stale' | 'rejected';

/** Of each id that differs, what a comparison of both sides may call it. */
export type Differing = ReadonlyMap<string, readonly Difference[]>;

const mostFailures = 5;
/** Zoho's clock as a worker estimates it is up to a second behind. */
const estimateMs = 1_000;

export class Witness {
  readonly failures: Failure[] = [];
  looks = 0;
  #last: Moment | undefined;
  #foreign: string | undefined;
  readonly #tampered = new Set<string>();
  readonly #greatest = new Map<string, string>();
  /** Seen gone, knowing of this deletion: the how-manieth. */
  readonly #buried = new Map<string, number>();

  constructor(
    private readonly chronicle: Chronicle,
    private readonly file: MirrorFile,
    private readonly rules: Rules,
  ) {}

  look(): Moment {
    const moment = this.file.moment();
    this.looks += 1;
    this.#onlyForward(moment);
    this.#onlyOwnRows(moment);
    this.#onlyTheDead(moment);
    for (const [id, row] of moment.rows) if (!this.#tampered.has(id)) this.#honest(id, row);
    for (const [id, life] of this.chronicle.lives)
      if (!this.#tampered.has(id)) this.#staysGone(id, life, moment);
    const { watermark } = moment;
    if (watermark !== undefined)
      this.blame(
        `everything up to the watermark ${watermark} is in the table`,
        this.missing(
          moment,
          ({ changedMs, hidden }, id) =>
            changedMs < Date.parse(watermark) && !hidden && !this.#tampered.has(id),
        ),
      );
    this.#last = moment;
    return moment;
  }

  /** These rows were written past the mirror: until they are mended they prove nothing. */
  forgive(ids: Iterable<string>): void {
    for (const id of ids) this.#tampered.add(id);
  }

  fail(rule: string, detail: string): void {
    if (this.failures.length < mostFailures) this.failures.push({ rule, detail });
  }

  blame(rule: string, shortcomings: readonly string[]): void {
    for (const detail of shortcomings) this.fail(rule, detail);
  }

  /** What the mirror does not hold as the CRM has it, of the records that are asked about. */
  missing(
    moment: Moment,
    asked: (life: Life, id: string) => boolean,
    options: { formulasToo?: boolean } = {},
  ): string[] {
    const found: string[] = [];
    for (const [id, life] of this.chronicle.lives) {
      if (!asked(life, id)) continue;
      const what = this.#shortcoming(id, life, { moment, formulasToo: options.formulasToo === true });
      if (what !== undefined) found.push(`${id} ${what}`);
    }
    return found;
  }

  /** No rejected row is lost, and none is kept that has been settled. */
  rejects({ rejects }: Moment): void {
    const open = new Set(rejects.map(({ id }) => id));
    const refused = new Set(
      [...this.chronicle.lives].flatMap(([id, { now }]) =>
        now && refusals(now, this.rules).length > 0 ? [id] : [],
      ),
    );
    for (const id of refused) if (!open.has(id)) this.fail('every refused row is kept', `${id} is not`);
    for (const id of open)
      if (id === null || !refused.has(id))
        this.fail('a reject is settled when its record goes in or is gone', `${id} is still open`);
  }

  /** What Reconcile has to find, by ids and Modified_Time or by every field. */
  differences(moment: Moment, fields: boolean): Differing {
    const found = new Map<string, Difference[]>();
    for (const id of new Set([...this.chronicle.lives.keys(), ...moment.rows.keys()])) {
      const now = this.chronicle.lives.get(id)?.now;
      const row = moment.rows.get(id);
      const difference = this.#difference(now, row?.d === null ? row : undefined, fields);
      const refused = now && refusals(now, this.rules).length > 0;
      const known = refused && this.#shortcoming(id, { now }, { moment, formulasToo: false }) === undefined;
      // Before the table has refused it, only a repair can tell that it will.
      if (difference !== undefined && !known)
        found.set(id, refused ? ['rejected', difference] : [difference]);
    }
    for (const { id } of moment.rejects) {
      if (id !== null && !found.has(id)) found.set(id, ['rejected']);
    }
    return found;
  }

  #difference(
    now: TruthRecord | undefined,
    live: MirrorRow | undefined,
    fields: boolean,
  ): Difference | undefined {
    if (!now) return live && 'extra';
    if (!live) return 'missing';
    if (live.m !== now.Modified_Time) return 'stale';
    const differs = fields && differing(now, live, { rules: this.rules, formulasToo: true }).length > 0;
    return differs ? 'stale' : undefined;
  }

  #shortcoming(
    id: string,
    { now }: Pick<Life, 'now'>,
    { moment, formulasToo }: { moment: Moment; formulasToo: boolean },
  ): string | undefined {
    const row = moment.rows.get(id);
    if (!now) return row && row.d === null ? 'is deleted in the CRM and live in the table' : undefined;
    const refused = refusals(now, this.rules);
    if (refused.length > 0) {
      const kept = moment.rejects.some(
        (reject) =>
          reject.id === id &&
          (reject.column === null || refused.includes(reject.column)) &&
          (reject.modifiedAt === null ||
            Date.parse(reject.modifiedAt) === Date.parse(textAt(now, 'Modified_Time'))),
      );
      return kept ? undefined : `has ${refused.join(' and ')} refused, and no open reject says so`;
    }
    if (!row) return 'is in the CRM, not in the table';
    if (row.d !== null) return 'is in the CRM, and marked deleted in the table';
    if (row.m !== now.Modified_Time)
      return `was modified at ${textAt(now, 'Modified_Time')}, the table has ${row.m}`;
    const columns = differing(now, row, { rules: this.rules, formulasToo });
    return columns.length > 0 ? `differs in ${columns.join(', ')}` : undefined;
  }

  #onlyForward(moment: Moment): void {
    const last = this.#last;
    if ((moment.watermark ?? '') < (last?.watermark ?? ''))
      this.fail('the watermark only moves forward', `${last?.watermark} → ${moment.watermark}`);
    for (const [id, { m, o }] of moment.rows) {
      if (this.#tampered.has(id)) continue;
      const now = `${m} ${o}`;
      const before = this.#greatest.get(id) ?? '';
      if (now < before)
        this.fail('content is only replaced by a greater (m, o)', `${id}: ${before} → ${now}`);
      this.#greatest.set(id, now);
    }
    for (const [id, g] of last?.gone ?? [])
      if ((moment.gone.get(id) ?? '') < g)
        this.fail('a tombstone stays and only grows', `${id}: ${g} → ${moment.gone.get(id)}`);
  }

  #onlyOwnRows({ foreign }: Moment): void {
    if (foreign.size === 0 && this.#foreign === undefined) return;
    const now = JSON.stringify([...foreign]);
    this.#foreign ??= now;
    if (now !== this.#foreign) this.fail('rows that the mirror never wrote stay as they are', now);
  }

  /** Whatever a list left out, and whoever could not see it. */
  #onlyTheDead({ gone, rows }: Moment): void {
    const marked = [...rows].flatMap(([id, { d }]) => (d === null ? [] : [id]));
    for (const id of new Set([...gone.keys(), ...marked]))
      if (!this.#tampered.has(id) && !(this.chronicle.lives.get(id)?.deletions ?? 0))
        this.fail('nothing is taken for deleted that never was', id);
  }

  /** Each cell is one that the record had at that Modified_Time. */
  #honest(id: string, row: MirrorRow): void {
    const life = this.chronicle.lives.get(id);
    const versions = (life?.versions ?? []).filter((version) => version.Modified_Time === row.m);
    if (versions.length === 0)
      return this.fail('the table shows only what the CRM has had', `${id} never was modified at ${row.m}`);
    const wrong = versions
      .map((version) => differing(version, row, { rules: this.rules, formulasToo: true }))
      .reduce((some, others) => some.filter((column) => others.includes(column)));
    if (wrong.length > 0)
      this.fail(
        'the table shows only what the CRM has had',
        `${id} never had this ${wrong.join(', ')} at ${row.m}`,
      );
  }

  #staysGone(id: string, life: Life, moment: Moment): void {
    const row = moment.rows.get(id);
    const live = row !== undefined && row.d === null;
    if (life.now) return;
    const g = moment.gone.get(id);
    if (live && this.#buried.get(id) === life.deletions)
      this.fail(
        'what is deleted stays deleted',
        `${id} is live again, by a row of ${row.m}, read at ${row.o}`,
      );
    if (!live && g !== undefined && Date.parse(g) >= life.changedMs) this.#buried.set(id, life.deletions);
  }

  /** A formula may be late, but not when the row was read after it changed. */
  lateFormulas(moment: Moment, changedMs: ReadonlyMap<string, number>): string[] {
    return [...changedMs].flatMap(([id, at]) => {
      const row = moment.rows.get(id);
      const now: TruthRecord | undefined = this.chronicle.lives.get(id)?.now;
      if (!row || !now || Date.parse(row.o) < at + estimateMs) return [];
      if (refusals(now, this.rules).length > 0) return [];
      return differing(now, row, { rules: this.rules, formulasToo: true }).some((name) => formulas.has(name))
        ? [`${id} was read at ${row.o}, after its formula changed at ${new Date(at).toISOString()}`]
        : [];
    });
  }
}
