// Encrypts what Temporal keeps: inputs, results, signals, queries, summaries and details. AES-256-GCM, by keys that Temporal never sees.
// Ids of workflows, search attributes and messages of failures stay readable: Temporal and operators find things by them.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { temporal as proto } from '@temporalio/proto';

export interface PayloadKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** A payload that none of the keys opens. */
export class PayloadKeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PayloadKeyError';
  }
}

/** The form of Temporal's own samples. */
const encoding = 'binary/encrypted';
const { Payload: PayloadType } = proto.api.common.v1;
const cipherName = 'AES-256-GCM';
const nonceBytes = 12;
const tagBytes = 16;

/** The first key encrypts, each of them decrypts; without a key nothing is encrypted. What is not encrypted is taken as it is. */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const [current] = keys;
  return {
    encode: async (payloads) => (current ? payloads.map((payload) => close(payload, current)) : payloads),
    decode: async (payloads) =>
      payloads.map((payload) => (isClosed(payload) ? open(payload, keys) : payload)),
  };
}

export const createDataConverter = (keys: readonly PayloadKey[]): DataConverter => ({
  payloadCodecs: [createPayloadCodec(keys)],
});

const textOf = (payload: Payload, name: string): string =>
  Buffer.from(payload.metadata?.[name] ?? []).toString('utf8');

const isClosed = (payload: Payload): boolean => textOf(payload, 'encoding') === encoding;

function close(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(id));
  const closed = [
    nonce,
    cipher.update(PayloadType.encode(payload).finish()),
    cipher.final(),
    cipher.getAuthTag(),
  ];
  return {
    metadata: {
      encoding: Buffer.from(encoding),
      'encryption-cipher': Buffer.from(cipherName),
      'encryption-key-id': Buffer.from(id),
    },
    data: Buffer.concat(closed),
  };
}

function open(payload: Payload, keys: readonly PayloadKey[]): Payload {
  const id = textOf(payload, 'encryption-key-id');
  const found = keys.find((key) => key.id === id);
  if (!found)
    throw new PayloadKeyError(
      `A payload is encrypted with the key "${id}", which PAYLOAD_KEYS does not have. Add it behind the others, and restart`,
    );
  const bytes = Buffer.from(payload.data ?? []);
  const wrong = new PayloadKeyError(
    `The key "${id}" of PAYLOAD_KEYS does not open a payload that names it. Give the key that was used, and restart`,
  );
  if (bytes.length < nonceBytes + tagBytes) throw wrong;
  const decipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(id))
    .setAuthTag(bytes.subarray(-tagBytes));
  try {
    return PayloadType.decode(
      Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]),
    );
  } catch {
    throw wrong;
  }
}
