// The interface of the room, kept on top of a dialect: transactions, cached layouts, and errors in our own words.
import type { Knex } from 'knex';
import { instant } from '../mirror/instant';
import type { Observation } from '../mirror/observation';
import type { MergeResult } from './batch';
import { createComparison } from './compare/comparer';
import type { Database } from './database';
import type { Dialect } from './dialect';
import { DatabaseError, SchemaMismatchError, SupersededError } from './errors';
import { layoutOf, type Layout } from './layout';
import { createMatching } from './match/matcher';
import { mergeLeavingOut } from './merge/bisect-transactions';
import { attemptPart, mergeInto, RolledBack } from './merge/merge-flow';
import { Ledger } from './own/ledger';
import { migrate, ownTablesSql, pendingSteps } from './own/migrations';
import { prune } from './own/prune';
import { countOpenRejects, listRejects } from './own/rejects';
import { createPreview } from './preview/previewer';
import { Reader } from './read';
import { ensureTable, examineTable, inspectTable, madeTable } from './table/ensure';
import { refusal } from './table/limits';
import { rehearse } from './table/rehearse';
import type { TargetTable } from './target';

/** Ours pass; a driver's error is replaced, since its text and its cause quote statements and values. */
function translated(dialect: Dialect, error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted === true && error === signal.reason) return error;
  if ([DatabaseError, SchemaMismatchError, SupersededError, RangeError].some((ours) => error instanceof ours))
    return error;
  const { kind, means, code, reached = true } = dialect.classify(error);
  // A constraint outside of the target's rows: two processes wrote the same new row of an own table.
  const verdict = kind === 'row' ? 'retry' : kind;
  const what = reached ? 'refused' : 'cannot be reached';
  return new DatabaseError(verdict, `The database ${what}: ${means} (${code})`, code);
}

/** Fails with the error of the work: over a lost connection the rollback fails too, and would be all that is heard of. */
async function transaction<T>(knex: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  let failure: { error: unknown } | undefined;
  const watched = async (trx: Knex.Transaction): Promise<T> => {
    try {
      return await work(trx);
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  try {
    return await knex.transaction(watched);
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  }
}

/** Answers what the work has found; nothing of it stays. */
async function takenBack<T>(knex: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  let found: { value: T } | undefined;
  const undone = new Error('taken back');
  try {
    await knex.transaction(async (trx) => {
      found = { value: await work(trx) };
      throw undone;
    });
  } catch (error) {
    // Over a transaction that the server has ended the rollback itself may fail.
    if (found === undefined) throw error;
  }
  return found!.value;
}

function resultOf(error: unknown): MergeResult {
  if (error instanceof RolledBack) return error.result;
  throw error;
}

export function createDatabase(knex: Knex, dialect: Dialect): Database {
  const now = () => instant(Date.now());
  const ledger = new Ledger(dialect, now);
  const layouts = new WeakMap<TargetTable, Layout>();

  const guarded = async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translated(dialect, error, signal);
    }
  };
  const write = <T>(work: (trx: Knex.Transaction) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    guarded(() => transaction(knex, work), signal);

  const layout = async (table: TargetTable): Promise<Layout> => {
    const known = layouts.get(table);
    if (known !== undefined) return known;
    const actual = await dialect.describe(knex, table.table);
    const found = actual === undefined ? undefined : layoutOf(table, actual);
    if (found === undefined)
      throw new SchemaMismatchError(
        [`Table ${table.table} is not, or not wholly, there: it has to be ensured first`],
        [],
      );
    layouts.set(table, found);
    return found;
  };
  /** As it is now, if by what is remembered of it a value would not fit: a column may have been widened since. */
  const layoutFor = async (table: TargetTable, observations: readonly Observation[]): Promise<Layout> => {
    const known = await layout(table);
    if (observations.every((one) => one.kind !== 'live' || refusal(known, one.values) === undefined))
      return known;
    layouts.delete(table);
    return layout(table);
  };
  /** The database's own word, not ours and not an abort. */
  const permanent = (error: unknown): boolean => {
    const { kind, code } = dialect.classify(error);
    return kind === 'permanent' && /^(SQLITE_|\d{3,}$)/.test(code);
  };

  /**
   * What a table lacks by now is said with all findings; what the mirror may add by itself it adds again, and the caller tries once more.
   * Nothing is made up for a table that is gone: its rows would be missing without a word.
   */
  const mend = async (table: TargetTable): Promise<void> => {
    const parts = { dialect, ledger, table };
    const { exists, mode, findings } = await inspectTable(knex, parts);
    if (!exists || !findings.some(({ blocks }) => blocks)) return;
    if (mode === 'check') return examineTable(knex, parts);
    await dialect.exclusively(knex, (trx) => ensureTable(trx, parts));
    throw new DatabaseError('retry', `Table ${table.table} lacked columns that the mirror has added again`);
  };
  /** Whoever writes wants to know what is wrong with the table by now. */
  const explained = async <T>(table: TargetTable, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      // The table may have changed since its layout was read.
      layouts.delete(table);
      if (error instanceof SchemaMismatchError || permanent(error)) await mend(table);
      throw error;
    }
  };
  const reader = async (table: TargetTable) => new Reader(knex, dialect, await layout(table));

  const parts = {
    knex,
    dialect,
    ledger,
    layout: (table: TargetTable) => guarded(() => layout(table)),
    read: guarded,
    write,
    now,
  };
  return {
    dialect: dialect.name,
    rowsPerBatch: dialect.rowsPerBatch,
    comparison: createComparison(parts),
    matching: createMatching(parts),
    preview: createPreview(parts),
    ping: () => guarded(async () => void (await knex.raw('SELECT 1 AS one'))),
    server: () => guarded(() => dialect.server(knex)),
    migrate: () =>
      guarded(async () => {
        await dialect.server(knex);
        await migrate(knex, dialect);
      }),
    rehearse: (tables) => guarded(() => rehearse(knex, { dialect, ledger, tables })),
    pendingMigrations: () => guarded(() => pendingSteps(knex, dialect)),
    close: () => knex.destroy(),

    ensureTable: (table) =>
      guarded(async () => {
        layouts.delete(table);
        return dialect.exclusively(knex, (trx) => ensureTable(trx, { dialect, ledger, table }));
      }),
    preparation: (table) =>
      guarded(async () =>
        dialect.takesPrepared ? { layout: await explained(table, () => layout(table)) } : undefined,
      ),
    inspectTable: (table) => guarded(() => inspectTable(knex, { dialect, ledger, table })),
    fixedColumns: (table) =>
      guarded(async () => {
        const actual = await dialect.describe(knex, table.table);
        const made = await madeTable(knex, { dialect, ledger, table });
        if (
          actual === undefined ||
          (table.schema ?? (made === table.table ? 'extend' : 'check')) === 'extend'
        )
          return undefined;
        return actual.filter(({ generated }) => generated === undefined).map(({ name }) => name);
      }),
    ownTablesSql: () => guarded(() => ownTablesSql(knex, dialect)),
    merge: (table, request) =>
      guarded(
        () =>
          explained(table, async () => {
            const { rows } = request;
            const found =
              'prepared' in rows ? rows.prepared.layout : await layoutFor(table, rows.observations);
            const parts = { dialect, layout: found, ledger, request, now: now() };
            return mergeLeavingOut(
              (leftOut) => transaction(knex, (trx) => mergeInto(trx, { ...parts, leftOut })).catch(resultOf),
              (from, to) =>
                takenBack(knex, (trx) => attemptPart(trx, { ...parts, leftOut: new Map() }, { from, to })),
            );
          }),
        request.signal,
      ),

    registers: (table, ids) => guarded(async () => (await reader(table)).registers(ids)),
    countUnseen: (table, before) => guarded(async () => (await reader(table)).countUnseen(before)),
    unseen: (table, before, after, limit) =>
      guarded(async () => (await reader(table)).unseen(before, after, limit)),
    count: (table) => guarded(async () => (await reader(table)).count()),
    openRejects: (module) => guarded(() => countOpenRejects(knex, dialect, module)),
    listRejects: (module, query) => guarded(() => listRejects(knex, dialect, { ...query, module })),
    async *rows(table) {
      try {
        yield* (await reader(table)).rows();
      } catch (error) {
        throw translated(dialect, error);
      }
    },

    checkpoint: (jobId) => guarded(() => ledger.checkpoint(knex, jobId)),
    state: (module) =>
      guarded(async () => {
        const { madeTable: _, ...state } = await ledger.state(knex, module);
        return state;
      }),
    moveWatermark: (module, to) => write((trx) => ledger.moveWatermark(trx, module, to)),
    setLoaded: (module, fingerprint, loadedAs) =>
      write((trx) => ledger.setLoaded(trx, module, { fingerprint, loadedAs })),
    dropField: (module, field) => write((trx) => ledger.dropField(trx, module, field)),
    takeFieldsUp: (module) => write((trx) => ledger.takeFieldsUp(trx, module)),
    recordRun: (run) => write((trx) => ledger.recordRun(trx, run)),
    lastRuns: (module, limit) => guarded(() => ledger.lastRuns(knex, module, limit)),
    prune: (module, before) => write((trx) => prune(trx, dialect, { module, before })),
    readToken: (name) => guarded(() => ledger.readToken(knex, name)),
    writeToken: (name, sealed) => write((trx) => ledger.writeToken(trx, name, sealed)),
    claim: (name, holder, forMs) => write((trx) => ledger.claimRight(trx, { name, holder, forMs })),
    writeSpent: (minutes) => write((trx) => ledger.writeSpent(trx, minutes)),
    readSpent: (since) => guarded(() => ledger.readSpent(knex, since)),
  };
}
