// A real HTTP server whose answers a test scripts. Knows nothing of Zoho beyond handing out access tokens.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { createZoho, type Zoho, type ZohoCall, type ZohoOptions } from '../../../src/zoho';

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
  token: string | undefined;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Takes over the response: stalls, cuts. */
  raw?: (response: ServerResponse) => void;
}

export interface Scripted {
  zoho: Zoho;
  url: string;
  seen: Seen[];
  calls: ZohoCall[];
  tokenRequests(): number;
  /** Another client of the same server, as another process would be. */
  another(options?: Partial<ZohoOptions>): Zoho;
}

export type Script = (seen: Seen, count: number) => Reply;

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  body,
  headers,
});

export const grant = (token: string, expiresIn = 3600): Reply =>
  json(200, {
    access_token: token,
    api_domain: 'https://evil.example',
    token_type: 'Bearer',
    expires_in: expiresIn,
  });

/** Hands out token-1, token-2, … */
const granting = (): Script => {
  let made = 0;
  return () => grant(`token-${++made}`);
};

const secrets = { clientId: 'client', clientSecret: 'secret', refreshToken: 'refresh' };

/** Runs a test against a client and its server, and closes both. `api` is called with how many API requests came before. */
export async function withScript(
  script: { api: Script; oauth?: Script; options?: Partial<ZohoOptions> },
  test: (scripted: Scripted) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  const calls: ZohoCall[] = [];
  const counts = { api: 0, oauth: 0 };
  const oauth = script.oauth ?? granting();
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const token = /^Zoho-oauthtoken (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      const one: Seen = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
        token,
      };
      // Zoho's clock goes with the test's.
      if (script.options?.clock) response.setHeader('date', new Date(script.options.clock()).toUTCString());
      if (url.pathname === '/oauth/v2/token') return send(response, oauth(one, counts.oauth++));
      seen.push(one);
      send(response, script.api(one, counts.api++));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;
  const clients: Zoho[] = [];
  const another = (options: Partial<ZohoOptions> = {}): Zoho => {
    const onCall = (call: ZohoCall): number => calls.push(call);
    const zoho = createZoho({
      apiUrl: url,
      accountsUrl: url,
      ...secrets,
      onCall,
      ...script.options,
      ...options,
    });
    clients.push(zoho);
    return zoho;
  };
  try {
    await test({ zoho: another(), url, seen, calls, another, tokenRequests: () => counts.oauth });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(z.instanceof(Buffer).parse(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.raw) return reply.raw(response);
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
  response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
  response.end(reply.body === undefined ? undefined : text);
}
