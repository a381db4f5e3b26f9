// The body of a notification, as far as it is used: which ids of which module changed. Everything else in it is ignored.
import { z } from 'zod';
import type { HintOperation } from '../contracts';
import { isRecordId } from '../mirror';

const operations: Record<string, HintOperation> = {
  // Zoho subscribes with the left words of each pair and reports with the right ones.
  create: 'insert',
  insert: 'insert',
  edit: 'update',
  update: 'update',
  delete: 'delete',
};

const body = z.object({
  module: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/),
  ids: z.array(z.string().refine(isRecordId)).min(1),
  operation: z.string().optional(),
});

export interface Notification {
  module: string;
  ids: string[];
  operation: HintOperation;
}

/** The notification, or undefined if the body is not one. */
export function readNotification(json: unknown): Notification | undefined {
  const parsed = body.safeParse(json);
  if (!parsed.success) return undefined;
  const { module, ids, operation } = parsed.data;
  return { module, ids: [...new Set(ids)], operation: operations[operation ?? ''] ?? 'unknown' };
}

/** The token that the sender knows; undefined when it is missing or not text. */
export function readToken(json: unknown): string | undefined {
  const token: unknown =
    typeof json === 'object' && json !== null && 'token' in json ? json.token : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
}
