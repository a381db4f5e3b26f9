// From a record as Zoho's JSON shows it to an observation of the mirror.
import { instant, TypingError, type LiveObservation, type Instant, type Registers } from '../mirror';
import type { Reject } from '../db';
import type { ZohoRecord } from '../zoho';
import type { ModulePlan } from './catalog';

/** A live observation, or the reason why the record's columns cannot hold it. */
export function observe(record: ZohoRecord, observedAt: Instant, plan: ModulePlan): LiveObservation | Reject {
  const reject = (reason: string, column?: string): Reject => ({
    id: record.id,
    ...(column ? { column } : {}),
    reason,
    raw: JSON.stringify(record.fields),
    ...(record.modifiedAt === undefined ? {} : { modifiedAt: record.modifiedAt }),
    observedAt,
  });
  if (record.modifiedAt === undefined) return reject('the record has no Modified_Time', 'Modified_Time');
  try {
    const values = plan.typings.map((typing, index) =>
      typing.fromJson(record.fields[plan.mapping.fields[index]!.field.apiName]),
    );
    return { kind: 'live', id: record.id, modifiedAt: record.modifiedAt, observedAt, values };
  } catch (error) {
    if (error instanceof TypingError) return reject(error.message, error.column);
    // A bug of ours on one value must not hold up the others; its own message may quote the value.
    return reject(`the record cannot be typed (${error instanceof Error ? error.name : 'unknown'})`);
  }
}

/**
 * A re-read is ordered by cause as well as by the clock: the registers were read before Zoho was asked, so what it answers
 * is at least a millisecond newer than what they hold, whatever this machine's clock estimates.
 */
export function orderedAfter(registers: Registers | undefined, askedAt: Instant): Instant {
  return instant(Math.max(askedAt, (registers?.observedAt ?? 0) + 1, (registers?.goneAt ?? 0) + 1));
}
