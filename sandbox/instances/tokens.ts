/**
 * Tokens: session tokens of the metadata service.
 *
 * Owns: issuing and checking. A token is signed, not remembered: it stays good when the host of instances is restarted,
 * as it would on a machine whose metadata service never restarts, and it is good for one instance only.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type MetadataTokens = {
  readonly issue: (ttlSeconds: number) => string;
  readonly isValid: (token: string) => boolean;
};

export const metadataTokens = (key: Buffer, instance: string, now: () => number = Date.now): MetadataTokens => {
  const sign = (expiry: string): Buffer => createHmac('sha256', key).update(`${instance}\n${expiry}`).digest();
  return {
    issue: (ttlSeconds) => {
      const expiry = String(now() + ttlSeconds * 1000);
      return Buffer.concat([sign(expiry), Buffer.from(expiry)]).toString('base64url');
    },
    isValid: (token) => {
      const bytes = Buffer.from(token, 'base64url');
      const signature = bytes.subarray(0, 32);
      const expiry = bytes.subarray(32).toString();
      return signature.length === 32 && timingSafeEqual(signature, sign(expiry)) && Number(expiry) > now();
    },
  };
};

/** The signing key of this sandbox, made once. */
export const tokenKey = (path: string): Buffer => {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, randomBytes(32), { mode: 0o600 });
  }
  return readFileSync(path);
};
