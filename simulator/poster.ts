// Posts JSON to somebody else's URL once and tells whether it was taken; it never retries and never throws.
import { request } from 'undici';

export type Post = (url: string, body: string) => Promise<boolean>;

export function createPoster(timeoutMs: number): Post {
  return async (url, body) => {
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json;charset=UTF-8', 'user-agent': 'Zoho-CRM-Simulator' },
        body,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.body.dump();
      return answer.statusCode >= 200 && answer.statusCode < 300;
    } catch {
      // Refused, reset, timed out or a bad URL: to Zoho it is all the same, and only the count remembers it.
      return false;
    }
  };
}
