// What both ends of the webhook must agree on: the channel's id and token, and signed callback references.
// The API checks them, the activities hand them to Zoho. Nothing here does I/O.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const notificationPath = '/zoho/notifications';
export const callbackPath = '/zoho/bulk-callback/';
export const echoPath = '/zoho/echo/';

const hmac = (secret: string, purpose: string, text: string): string =>
  createHmac('sha256', secret).update(`${purpose}\n${text}`).digest('base64url');

/** Compares in constant time, whatever the lengths. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Zoho echoes it in every notification; at most 50 characters (Zoho's "Enable Notifications"). */
export const channelToken = (secret: string): string => hmac(secret, 'channel-token', '').slice(0, 43);

/** Derives from URL and module, so that two mirrors of one org do not take each other's channel. 18 digits: fits a long. */
export function channelId(publicUrl: string, module: string): string {
  const digest = createHash('sha256').update(`${publicUrl}\n${module}`).digest();
  return (10n ** 17n + (digest.readBigUInt64BE() % (9n * 10n ** 17n))).toString();
}

const signature = (secret: string, workflowId: string): string => hmac(secret, 'bulk-callback', workflowId);

/** Where Zoho reports the end of a bulk job of this workflow. */
export const callbackUrl = (publicUrl: string, secret: string, workflowId: string): string =>
  `${publicUrl}${callbackPath}${Buffer.from(workflowId).toString('base64url')}.${signature(secret, workflowId)}`;

/** The workflow id of a signed reference, or undefined if the signature is not ours. */
export function readReference(secret: string, reference: string): string | undefined {
  const [encoded, signed] = reference.split('.');
  if (!encoded || !signed) return undefined;
  const workflowId = Buffer.from(encoded, 'base64url').toString();
  return sameSecret(signed, signature(secret, workflowId)) ? workflowId : undefined;
}

/** What only a process that knows the secret can answer to a nonce: proof that a URL leads to this mirror. */
export const echoOf = (secret: string, nonce: string): string => hmac(secret, 'echo', nonce);
