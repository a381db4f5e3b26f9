// The one HTTP server for accounts, API and control; it wires routes and errors and holds no state.
import Fastify, { type FastifyInstance } from 'fastify';
import type { Context } from './context';
import { errorBody, ZohoError } from './errors';
import { installGate } from './gate';
import { sendJson } from './http';
import { bulkRoutes } from './routes/bulk';
import { controlRoutes } from './routes/control';
import { coqlRoutes } from './routes/coql';
import { deletedRoutes } from './routes/deleted';
import { metadataRoutes } from './routes/metadata';
import { oauthRoutes } from './routes/oauth';
import { recordRoutes } from './routes/records';
import { watchRoutes } from './routes/watch';

const LARGEST_BODY = 10_000_000;
const VERSIONED = /^\/crm\/(?:bulk\/)?([^/?]+)/;
const KNOWN_VERSIONS = new Set(['v6', 'v7', 'v8']);

export function buildServer(context: Context): FastifyInstance {
  // Connections that hang on purpose must not keep the process.
  const app = Fastify({ bodyLimit: LARGEST_BODY, forceCloseConnections: true, exposeHeadRoutes: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof ZohoError) return sendJson(reply, errorBody(error.parts), error.parts.status);
    const message = error instanceof Error ? error.message : String(error);
    // Only control calls reach this with a mistake of theirs; anything else is a bug that a test should see.
    return sendJson(reply, errorBody({ code: 'SIMULATOR_ERROR', message }), 500);
  });
  app.addHook('onRequest', async (request, reply) => {
    const version = VERSIONED.exec(request.url)?.[1];
    if (version === undefined || KNOWN_VERSIONS.has(version)) return;
    return sendJson(reply, errorBody(unknownUrl), 404);
  });
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?')[0] ?? '';
    const otherMethod = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].some((method) => {
      // Null if there is none, which its type does not say.
      const route: unknown = app.findRoute({ url, method });
      return method !== request.method && route !== null;
    });
    return otherMethod
      ? sendJson(reply, errorBody(wrongMethod), 400)
      : sendJson(reply, errorBody(unknownUrl), 404);
  });
  installGate(app, context);
  for (const routes of [
    oauthRoutes,
    metadataRoutes,
    bulkRoutes,
    watchRoutes,
    coqlRoutes,
    recordRoutes,
    deletedRoutes,
    controlRoutes,
  ])
    routes(app, context);
  return app;
}

const unknownUrl = {
  code: 'INVALID_URL_PATTERN',
  message: 'Please check if the URL trying to access is a correct one',
};
const wrongMethod = {
  code: 'INVALID_REQUEST_METHOD',
  message: 'The http request method type is not a valid one',
};
