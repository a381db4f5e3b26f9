// The one exchange of an installation's life: a grant token, good for minutes, becomes a refresh token. Never tells either in an error.
import { z } from 'zod';
import { createClock } from '../clock';
import { credits } from '../credits/prices';
import { ZohoError } from '../errors';
import { createHttp } from '../wire/http';
import { parseJson } from '../wire/json';

export interface Grant {
  accountsUrl: string;
  clientId: string;
  clientSecret: string;
  /** The code that the API console shows. */
  grantToken: string;
}

const replyShape = z.object({ refresh_token: z.string().min(1) });
const refusalShape = z.object({ error: z.string() });
const timeoutMs = 15_000;

/** The refresh token. Throws a ZohoError: permanent when Zoho refuses, transient when it could not be asked. */
export async function exchangeGrant({
  accountsUrl,
  clientId,
  clientSecret,
  grantToken,
}: Grant): Promise<string> {
  const http = createHttp({
    timeoutMs,
    userAgent: 'zoho-mirror',
    clock: createClock(Date.now),
    observe: () => undefined,
  });
  try {
    const { status, text } = await http.send({
      route: 'oauth grant',
      method: 'POST',
      url: new URL('/oauth/v2/token', accountsUrl).href,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        client_secret: clientSecret,
        code: grantToken,
      }).toString(),
      credits: credits.token,
    });
    const body = parseJson(text);
    const reply = replyShape.safeParse(body);
    if (status >= 200 && status < 300 && reply.success) return reply.data.refresh_token;
    throw refusal(status, body);
  } finally {
    await http.close();
  }
}

const meanings: Readonly<Record<string, string>> = {
  invalid_code: 'the code has expired or was used before: generate another, it is good for minutes and once',
  invalid_client: 'this data centre does not know the client id',
  invalid_client_secret: 'the client secret belongs to another client',
};

function refusal(status: number, body: unknown): ZohoError {
  const parsed = refusalShape.safeParse(body);
  const error =
    parsed.success && /^[a-z][a-z_]{1,40}$/i.test(parsed.data.error) ? parsed.data.error : undefined;
  const code = error ?? `HTTP_${status}`;
  const meaning = meanings[code] ?? 'no refresh token came';
  return new ZohoError(`Zoho gave no refresh token (${code}): ${meaning}`, {
    verdict: error === undefined && status >= 500 ? 'transient' : 'permanent',
    code,
    status,
  });
}
