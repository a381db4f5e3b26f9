// The accounts server's token call; it never shows why beyond what Zoho shows.
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context';
import { queryOf, sendJson, textBody } from '../http';

const SCOPE =
  'ZohoCRM.bulk.READ ZohoCRM.modules.READ ZohoCRM.coql.READ ZohoCRM.settings.READ ZohoCRM.notifications.ALL';

export function oauthRoutes(app: FastifyInstance, context: Context): void {
  app.post('/oauth/v2/token', { config: { name: 'oauth.token', open: true } }, async (request, reply) => {
    const form = new Map([...Object.entries(queryOf(request)), ...new URLSearchParams(textBody(request))]);
    const answer =
      form.get('grant_type') === 'authorization_code'
        ? context.oauth.exchange(form)
        : context.oauth.refresh(form);
    switch (answer.kind) {
      case 'refused':
        return sendJson(reply, JSON.stringify({ error: answer.error }));
      case 'throttled': {
        const description = 'You have made too many requests continuously. Please try again after some time.';
        const body = { error_description: description, error: 'Access Denied', status: 'failure' };
        return sendJson(reply, JSON.stringify(body), 400);
      }
      case 'granted': {
        const granted = {
          access_token: answer.token,
          ...(answer.refreshToken ? { refresh_token: answer.refreshToken } : {}),
          scope: SCOPE,
          api_domain: context.url(),
          token_type: 'Bearer',
          expires_in: answer.expiresInSeconds,
        };
        return sendJson(reply, JSON.stringify(granted));
      }
    }
  });
}
