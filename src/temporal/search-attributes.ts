// Registers the mirror's search attributes, where it may; where it may not, the mirror does without them.
import { temporal as proto } from '@temporalio/proto';
import type { Client } from '@temporalio/client';
import { searchAttributes } from '../contracts';

const names = Object.values(searchAttributes);
const { IndexedValueType } = proto.api.enums.v1;

/** Whether the namespace knows them; true is remembered, false is asked again. */
export function searchAttributeCheck(client: Client): () => Promise<boolean> {
  let known = false;
  return async () => {
    known ||= await list(client).catch(() => false);
    return known;
  };
}

async function list({ connection, options }: Client): Promise<boolean> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({
    namespace: options.namespace,
  });
  return names.every((name) => name in customAttributes);
}

/** Answers whether they had to be registered. Throws where that is not allowed, as on Temporal Cloud. */
export async function registerSearchAttributes(client: Client): Promise<boolean> {
  if (await list(client).catch(() => false)) return false;
  await client.connection.operatorService.addSearchAttributes({
    namespace: client.options.namespace,
    searchAttributes: Object.fromEntries(
      names.map((name) => [name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD]),
    ),
  });
  return true;
}
