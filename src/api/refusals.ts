// What somebody who does not know the secret is answered. The right token is never turned away, however much arrives: behind a proxy
// Zoho and an attacker share an address, so only requests that have already failed are counted and slowed down.
import rateLimit from '@fastify/rate-limit';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const refusalsPerMinute = 60;

/** Answers a request that failed the check: with `answer`, or 429 once its address has failed too often within a minute. */
export type Refuse = (
  request: FastifyRequest,
  reply: FastifyReply,
  answer: { status: number; body: object },
) => Promise<FastifyReply>;

export function createRefuse(app: FastifyInstance, log: FastifyBaseLogger): Refuse {
  void app.register(rateLimit, { global: false });
  let count: ReturnType<FastifyInstance['createRateLimit']> | undefined;
  app.after(() => {
    count = app.createRateLimit({ max: refusalsPerMinute, timeWindow: 60_000 });
  });
  return async (request, reply, { status, body }) => {
    const seen = await count?.(request);
    if (seen === undefined || seen.isAllowed) return reply.code(status).send(body);
    if (!seen.isExceeded) {
      if (seen.remaining === 0)
        log.warn(
          { address: request.ip, perMinute: refusalsPerMinute },
          'many requests with a wrong token or signature; more of them get 429',
        );
      return reply.code(status).send(body);
    }
    return reply
      .code(429)
      .headers({ 'retry-after': seen.ttlInSeconds, connection: 'close' })
      .send({ error: 'Too many requests with a wrong token or signature' });
  };
}
