// Seals an access token for storage outside this process (AES-256-GCM). Never writes anything itself; a foreign seal opens to nothing.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const version = 'v1';
const nonceBytes = 12;
const tagBytes = 16;

export interface Seal {
  close(plain: string): string;
  /** Undefined when it was sealed with other secrets, was altered, or is no seal. */
  open(sealed: string): string | undefined;
}

/**
 * The key derives from the secrets that could fetch a token anyway, so the store gives its reader nothing and a new refresh token
 * makes older seals unreadable. `context` (host and client) is authenticated with every seal.
 */
export function createSeal(secrets: readonly string[], context: string): Seal {
  const key = Buffer.from(
    hkdfSync('sha256', JSON.stringify(secrets), '', `zoho-mirror access token ${version}`, 32),
  );
  const bound = Buffer.from(context);
  return {
    close(plain) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
      const sealed = Buffer.concat([
        nonce,
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return `${version}.${sealed.toString('base64url')}`;
    },
    open(sealed) {
      const [head, body] = sealed.split('.');
      const bytes = Buffer.from(body ?? '', 'base64url');
      if (head !== version || bytes.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(bound)
        .setAuthTag(bytes.subarray(-tagBytes));
      try {
        return (
          decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch {
        return undefined; // Not ours, or altered: the same as not there.
      }
    },
  };
}
