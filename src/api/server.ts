// The webhook receiver. A notification is answered 200 only when Temporal has durably accepted it, or when it is about a module that
// nobody mirrors; everything posted is only a hint.
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
} from 'fastify';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { inTime, moduleOf, ping, sendHints } from '../temporal';
import { signals, type JobFinished } from '../contracts';
import {
  callbackPath,
  channelToken,
  echoOf,
  echoPath,
  notificationPath,
  readReference,
  sameSecret,
} from '../webhook';
import type { ApiMetrics } from './metrics';
import { HintGroups } from './hint-groups';
import { readNotification, readToken } from './notification';
import { createRefuse, type Refuse } from './refusals';

const maxBodyBytes = 1024 * 1024;
/** Zoho's own patience is not documented; a stuck Temporal must not hold its connection for long. */
const temporalDeadlineMs = 10_000;
const slowRequestMs = 20_000;

export interface ApiOptions {
  webhookSecret: string;
  /** Modules that are mirrored: a notification of another one is acknowledged and dropped. */
  modules: readonly string[];
  temporal: Client;
  log: FastifyBaseLogger;
  metrics: ApiMetrics;
  /** How long a request may take to arrive; a slower one is closed. */
  slowRequestMs?: number;
  clock?: () => Date;
}

export function createApi(options: ApiOptions): FastifyInstance {
  const requestTimeout = options.slowRequestMs ?? slowRequestMs;
  const app: FastifyInstance = fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    // A signed reference holds a whole workflow id.
    routerOptions: { maxParamLength: 2_000 },
    requestTimeout,
    // Node looks for slow requests only every 30 s by itself, and not at bodies while headers may take longer (60 s by default).
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: requestTimeout / 4 },
    // Posts that are being answered are answered; connections that only wait are closed.
    forceCloseConnections: 'idle',
  });
  // Whatever its content type says, the body is read as JSON or refused: Zoho documents none.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    if (error.statusCode === 413) return reply.code(413).send({ error: 'The body is over 1 MB' });
    if (error.statusCode && error.statusCode < 500)
      return reply.code(error.statusCode).send({ error: 'The request cannot be read' });
    options.log.error({ code: error.code, name: error.name }, 'request failed');
    return reply.code(500).send({ error: 'Internal error' });
  });
  app.addHook('onResponse', async (request, reply) =>
    options.metrics.answered({
      // An address that nobody serves may be anything: it must not become a label.
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    }),
  );
  const refuse = createRefuse(app, options.log);
  addHealth(app, options);
  addNotifications(app, options, refuse);
  addCallbacks(app, options, refuse);
  addEcho(app, options);
  return app;
}

function addHealth(app: FastifyInstance, { temporal }: ApiOptions): void {
  app.get('/healthz', () => ({ ok: true }));
  app.get('/readyz', async (_request, reply) => {
    try {
      await ping(temporal, temporalDeadlineMs);
      return { ok: true };
    } catch {
      return reply.code(503).send({ error: 'Temporal cannot be reached' });
    }
  });
}

function addNotifications(
  app: FastifyInstance,
  { webhookSecret, modules, temporal, log, metrics, clock = () => new Date() }: ApiOptions,
  refuse: Refuse,
): void {
  const expected = channelToken(webhookSecret);
  const groups = new HintGroups((module, hint) =>
    inTime(temporal, temporalDeadlineMs, () => sendHints(temporal, module, hint)),
  );
  app.post(notificationPath, async (request, reply) => {
    const json = parseJson(request.body);
    if (json === undefined)
      return refuse(request, reply, { status: 400, body: { error: 'The body is not a JSON object' } });
    const token = readToken(json);
    if (token === undefined || !sameSecret(token, expected))
      return refuse(request, reply, { status: 401, body: { error: 'Wrong channel token' } });
    const notification = readNotification(json);
    if (!notification)
      return reply.code(400).send({ error: 'Needed: module, and ids as an array of record ids' });
    const { module, ids, operation } = notification;
    if (!modules.includes(module)) return { accepted: 0 };
    try {
      await groups.take(module, { ids, operation, receivedAt: clock().toISOString() });
    } catch (error) {
      log.warn({ module, ids: ids.length, reason: reasonOf(error) }, 'notification not accepted by Temporal');
      return reply.code(503).send({ error: 'Temporal cannot be reached; the notification was not accepted' });
    }
    metrics.accepted(module, ids.length);
    log.info({ module, ids: ids.length, operation }, 'notification accepted');
    return { accepted: ids.length };
  });
}

function addCallbacks(
  app: FastifyInstance,
  { webhookSecret, temporal, log }: ApiOptions,
  refuse: Refuse,
): void {
  app.post<{ Params: { reference: string } }>(`${callbackPath}:reference`, async (request, reply) => {
    const workflowId = readReference(webhookSecret, request.params.reference);
    if (workflowId === undefined) return refuse(request, reply, { status: 200, body: { ignored: true } });
    const jobId = readJobId(parseJson(request.body));
    if (jobId === undefined) {
      log.warn({ workflowId }, 'callback without the id of a job; its workflow asks for the state by itself');
      return { ignored: true };
    }
    const job = { module: moduleOf(workflowId), workflowId, jobId };
    try {
      const handle = temporal.workflow.getHandle(workflowId);
      await inTime(temporal, temporalDeadlineMs, () =>
        handle.signal<[JobFinished]>(signals.jobFinished, { jobId }),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { ignored: true };
      log.warn({ ...job, reason: reasonOf(error) }, 'callback not accepted by Temporal');
      return reply.code(503).send({ error: 'Temporal cannot be reached' });
    }
    log.info(job, 'bulk job reported');
    return { ignored: false };
  });
}

/** Lets `zoho-mirror check` see that a URL leads here and not to somebody else's server. */
function addEcho(app: FastifyInstance, { webhookSecret }: ApiOptions): void {
  app.get<{ Params: { nonce: string } }>(`${echoPath}:nonce`, async (request, reply) => {
    const { nonce } = request.params;
    if (!/^[\w-]{16,64}$/.test(nonce)) return reply.code(400).send({ error: 'Not a nonce' });
    return { signature: echoOf(webhookSecret, nonce) };
  });
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function parseJson(text: unknown): object | undefined {
  try {
    const json: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** `{"data":[{"id":"…"}]}`: the only thing that is read, and only to know which job to look at. */
function readJobId(json: object | undefined): string | undefined {
  const data: unknown = json && 'data' in json ? json.data : undefined;
  const first: unknown = Array.isArray(data) ? data[0] : undefined;
  const id: unknown = typeof first === 'object' && first !== null && 'id' in first ? first.id : undefined;
  return typeof id === 'string' && /^\d{1,19}$/.test(id) ? id : undefined;
}
