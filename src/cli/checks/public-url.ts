// The public address: does it lead to this mirror's API, and to no other server. Proof is a nonce that the API signs.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { echoOf, echoPath, sameSecret } from '../../webhook';
import { failed, ok, reasonOf, warning, type Verdict } from './verdict';

const withinMs = 10_000;
const check = 'public address';
const answerShape = z.object({ signature: z.string() });

export async function checkPublicUrl(publicUrl: string | undefined, secret: string): Promise<Verdict> {
  if (publicUrl === undefined)
    return warning(
      check,
      'PUBLIC_URL is not set: the mirror polls, and changes take up to two minutes',
      'Set it for live changes, or leave it: docs/zoho-setup.md',
    );
  const nonce = randomBytes(24).toString('base64url');
  try {
    const answer = await fetch(`${publicUrl}${echoPath}${nonce}`, {
      signal: AbortSignal.timeout(withinMs),
      redirect: 'error',
    });
    const body = answerShape.safeParse(await answer.json().catch(() => undefined));
    if (answer.status !== 200 || !body.success)
      return failed(
        check,
        `${publicUrl} leads to a server that is not the mirror's API (HTTP ${answer.status})`,
        'Let the reverse proxy pass /zoho/ on to the API',
      );
    if (!sameSecret(body.data.signature, echoOf(secret, nonce)))
      return failed(
        check,
        `${publicUrl} leads to a mirror with another WEBHOOK_SECRET`,
        'Give API and worker the same WEBHOOK_SECRET, or each mirror a PUBLIC_URL of its own',
      );
    return ok(check, `${publicUrl} leads to this mirror, seen from here`);
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return failed(
      check,
      `${publicUrl} does not answer: ${reasonOf(cause)}`,
      'Start the API (zoho-mirror start, or npm run api), and look at DNS, certificate and reverse proxy',
    );
  }
}
