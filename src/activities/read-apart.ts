// Reads records by their ids, so that a record of which Zoho gives no usable answer, or that it refuses, fails none of the others.
import type { Instant, RecordId } from '../mirror';
import { mayBeForAnId, ZohoError, type Zoho, type ZohoRecord } from '../zoho';
import type { ModulePlan } from './catalog';

export interface ReadContext {
  zoho: Zoho;
  plan: ModulePlan;
  signal: AbortSignal;
}

export interface Found {
  record: ZohoRecord;
  askedAt: Instant;
}

export interface Gone {
  id: RecordId;
  askedAt: Instant;
}

/** A record of which Zoho gives no answer that can be used; others are read all the same. */
export interface Unreadable {
  id: RecordId;
  askedAt: Instant;
  reason: string;
}

export interface ReadApart {
  found: Found[];
  /** Not returned, and when they were asked for. */
  absent: Map<RecordId, Instant>;
  /** Refused in a list, and a read of their own said that there is no such record. */
  gone: Gone[];
  unreadable: Unreadable[];
}

/** That many by themselves without a good one among them, and nobody asks on. */
const enoughToBlameNoRecord = 8;

/**
 * One call where that works. Where Zoho's answer cannot be used, or is a refusal that may be for an id, the ids are halved until the record
 * is alone whose fault it is. If all of several are unreadable it is nobody's fault: the error is thrown as it is.
 */
export async function readApart(context: ReadContext, ids: readonly RecordId[]): Promise<ReadApart> {
  const apart: ReadApart = { found: [], absent: new Map(), gone: [], unreadable: [] };
  await readInto(apart, context, ids, Math.min(ids.length, enoughToBlameNoRecord));
  return apart;
}

async function readInto(
  apart: ReadApart,
  context: ReadContext,
  ids: readonly RecordId[],
  enough: number,
): Promise<void> {
  const { zoho, plan, signal } = context;
  const askedAt = zoho.now();
  try {
    const { records, absent } = await zoho.recordsByIds(plan.module, ids, plan.ask, signal);
    apart.found.push(...records.map(({ askedAt: sentAt, ...record }) => ({ record, askedAt: sentAt })));
    for (const [id, at] of absent) apart.absent.set(id, at);
  } catch (error) {
    const reason = unreadableBecause(error);
    if (reason === undefined) throw error;
    const [id] = ids;
    if (ids.length === 1 && id !== undefined) {
      if (isRefusal(error) && (await isNoRecord(apart, context, id))) return;
      apart.unreadable.push({ id, askedAt, reason });
      const good = apart.found.length + apart.absent.size + apart.gone.length;
      if (enough > 1 && good === 0 && apart.unreadable.length >= enough) throw error;
      return;
    }
    const middle = Math.ceil(ids.length / 2);
    await readInto(apart, context, ids.slice(0, middle), enough);
    await readInto(apart, context, ids.slice(middle), enough);
  }
}

/** A single read asks for no field by name, so that it can be refused for its id only. */
async function isNoRecord(apart: ReadApart, context: ReadContext, id: RecordId): Promise<boolean> {
  const alone = await readAlone(context, id);
  if (!('gone' in alone)) return false;
  apart.gone.push(alone.gone);
  return true;
}

/** The single read of a record: another answer than that of a list. */
export async function readAlone(
  { zoho, plan, signal }: ReadContext,
  id: RecordId,
): Promise<{ found: Found } | { gone: Gone } | { unreadable: Unreadable }> {
  const before = zoho.now();
  try {
    const { record, askedAt } = await zoho.recordById(plan.module, id, plan.ask, signal);
    return record ? { found: { record, askedAt } } : { gone: { id, askedAt } };
  } catch (error) {
    const reason = unreadableBecause(error);
    if (reason === undefined) throw error;
    return { unreadable: { id, askedAt: before, reason } };
  }
}

const isRefusal = (error: unknown): boolean => error instanceof ZohoError && mayBeForAnId(error);

/** Why, when the answer's contents are to blame and not the connection, a right or a limit. */
function unreadableBecause(error: unknown): string | undefined {
  if (!(error instanceof ZohoError)) return undefined;
  if (error.code === 'RECORDS_MOVING') return 'the record changes faster than it can be read whole';
  return error.code === 'BAD_ANSWER' || mayBeForAnId(error) ? error.message : undefined;
}
