// Keeps the rows that cannot go in, once each. Never logs one and never puts one into a message.
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Instant } from '../../mirror/instant';
import type { Reject } from '../batch';
import type { OpenReject, RejectQuery } from '../database';
import type { Dialect } from '../dialect';

/** The same observation of a record is one reject; without an id, the same raw row is. */
const keyOf = (reject: Reject): string =>
  createHash('sha256')
    .update(JSON.stringify([reject.id ?? null, reject.id === undefined ? reject.raw : null]))
    .update(JSON.stringify([reject.observedAt, reject.column ?? null]))
    .digest('hex');

const perStatement = 100;

export async function storeRejects(
  trx: Knex.Transaction,
  dialect: Dialect,
  stored: { module: string; rejects: readonly Reject[]; at: Instant },
): Promise<void> {
  const byKey = new Map(stored.rejects.map((reject) => [keyOf(reject), reject]));
  const entries = [...byKey];
  for (let from = 0; from < entries.length; from += perStatement) {
    const some = entries.slice(from, from + perStatement);
    const known = (await trx(dialect.own('rejected_record'))
      .where({ module: stored.module })
      .whereIn(
        'reject_key',
        some.map(([key]) => key),
      )
      .select('reject_key')) as { reject_key: string }[];
    const there = new Set(known.map((row) => row.reject_key));
    const rows = some
      .filter(([key]) => !there.has(key))
      .map(([key, reject]) => rowOf(dialect, { ...stored, key, reject }));
    if (rows.length > 0) await trx(dialect.own('rejected_record')).insert(rows);
  }
}

export async function countOpenRejects(knex: Knex, dialect: Dialect, module: string): Promise<number> {
  const [row] = (await knex(dialect.own('rejected_record'))
    .where({ module })
    .whereNull('resolved_at')
    .count({ n: '*' })) as { n: unknown }[];
  return Number(row?.n ?? 0);
}

export async function listRejects(
  knex: Knex,
  dialect: Dialect,
  { module, ids, limit, raw = false }: RejectQuery & { module: string },
): Promise<OpenReject[]> {
  const query = knex(dialect.own('rejected_record'))
    .where({ module })
    .whereNull('resolved_at')
    .orderBy([{ column: 'rejected_at', order: 'desc' }, 'id', 'reject_key'])
    .select('id', 'column_name', 'reason', 'rejected_at', ...(raw ? ['raw'] : []));
  if (ids !== undefined) void query.whereIn('id', [...ids]);
  if (limit !== undefined) void query.limit(limit);
  const rows = (await query) as Record<string, unknown>[];
  return rows.map((row) => ({
    ...(typeof row.id === 'string' ? { id: row.id } : {}),
    ...(typeof row.column_name === 'string' ? { column: row.column_name } : {}),
    reason: String(row.reason),
    rejectedAt: dialect.readTime(row.rejected_at)!,
    ...(typeof row.raw === 'string' ? { raw: row.raw } : {}),
  }));
}

function rowOf(dialect: Dialect, from: { module: string; key: string; reject: Reject; at: Instant }) {
  const { module, key, reject, at } = from;
  return {
    module,
    reject_key: key,
    id: reject.id?.slice(0, 50) ?? null,
    column_name: reject.column?.slice(0, 130) ?? null,
    reason: reject.reason.slice(0, 1000),
    raw: reject.raw,
    modified_at: reject.modifiedAt === undefined ? null : dialect.writeTime(reject.modifiedAt),
    observed_at: dialect.writeTime(reject.observedAt),
    rejected_at: dialect.writeTime(at),
    resolved_at: null,
  };
}
