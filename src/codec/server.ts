// A codec server for one person's browser and Temporal CLI: decrypts what Temporal keeps, and encrypts inputs. Keeps and logs nothing.
import fastify, { type FastifyInstance } from 'fastify';
import { temporal as proto } from '@temporalio/proto';
import { createPayloadCodec, PayloadKeyError, type PayloadKey } from '../temporal';

const { Payloads } = proto.api.common.v1;
/** A page of a history. */
const maxBodyBytes = 32 * 1024 * 1024;

export interface CodecServerOptions {
  keys: readonly PayloadKey[];
  /** Origin of the Temporal Web UI: no other page may ask. */
  ui: string;
}

export function createCodecServer({ keys, ui }: CodecServerOptions): FastifyInstance {
  const app = fastify({ bodyLimit: maxBodyBytes });
  const codec = createPayloadCodec(keys);
  app.addHook('onRequest', async ({ headers: { origin } }, reply) => {
    // Browsers name the page that asks; the Temporal CLI names none.
    if (origin !== undefined && origin !== ui) return reply.code(403).send({ error: 'Not for this page' });
    reply.headers({
      'access-control-allow-origin': ui,
      'access-control-allow-headers': 'content-type, x-namespace, authorization',
      'access-control-allow-methods': 'POST',
      vary: 'origin',
    });
  });
  for (const way of ['encode', 'decode'] as const) {
    app.options(`/${way}`, (_request, reply) => reply.code(204).send());
    app.post(`/${way}`, async (request, reply) => {
      try {
        const { payloads } = Payloads.fromObject(request.body as object);
        return Payloads.toObject(Payloads.fromObject({ payloads: await codec[way](payloads) }), {
          bytes: String,
        });
      } catch (error) {
        const reason = error instanceof PayloadKeyError ? error.message : 'Needed: {"payloads": [...]}';
        return reply.code(400).send({ error: reason });
      }
    });
  }
  return app;
}
