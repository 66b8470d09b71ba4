/**
 * Storage cipher: encrypts what the API server stores, under data keys of the cluster's KMS key.
 *
 * Owns: the layout (what `machine/envelope.ts` seals under a data key; the data key, as only KMS can open it, travels with the ciphertext)
 * and a cache of opened data keys, so that a short outage of KMS doesn't stop an API server that runs (I11).
 * Neighbours: `kms-plugin.ts` speaks gRPC with the API server; `aws/kms.ts` calls KMS.
 * Invariant: I8 (opened keys live in this process's memory only).
 */
import { createHash } from 'node:crypto';
import { NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from '../machine/envelope.ts';
import { storageEncryptionContext } from '../machine/files.ts';
import type { Kms } from './aws/kms.ts';

/** A new data key so often: the API server asks for few encryptions, so nonces never come near to repeating. */
const DATA_KEY_MILLIS = 24 * 3_600_000;
const CACHED_KEYS = 100;

type Sealed = { readonly ciphertext: Buffer; readonly encryptedKey: Buffer };

export type StorageCipher = {
  encrypt(plaintext: Uint8Array): Promise<Sealed>;
  decrypt(sealed: Sealed): Promise<Buffer>;
  /** Rejects while there is no data key to encrypt with. */
  check(): Promise<void>;
};

/** One after the other: nonce, tag, ciphertext. */
const seal = (key: Uint8Array, plaintext: Uint8Array): Buffer => {
  const { nonce, tag, ciphertext } = sealBytes(key, plaintext);
  return Buffer.concat([nonce, tag, ciphertext]);
};

const unseal = (key: Uint8Array, sealed: Buffer): Buffer =>
  openBytes(key, {
    nonce: sealed.subarray(0, NONCE_BYTES),
    tag: sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES),
    ciphertext: sealed.subarray(NONCE_BYTES + TAG_BYTES),
  });

const fingerprint = (encryptedKey: Uint8Array): string => createHash('sha256').update(encryptedKey).digest('hex');

type DataKey = { readonly plaintext: Uint8Array; readonly encrypted: Buffer; readonly madeAt: number };

export const createStorageCipher = (
  kms: Kms,
  keyArn: string,
  clusterId: string,
  now: () => number = Date.now,
): StorageCipher => {
  const context = storageEncryptionContext(clusterId);
  const opened = new Map<string, Uint8Array>();
  let current: DataKey | undefined;
  let making: Promise<DataKey> | undefined;

  const remember = (encryptedKey: Uint8Array, plaintext: Uint8Array): void => {
    if (opened.size >= CACHED_KEYS) {
      const oldest = opened.keys().next();
      if (!oldest.done) opened.delete(oldest.value);
    }
    opened.set(fingerprint(encryptedKey), plaintext);
  };

  const makeKey = async (): Promise<DataKey> => {
    const made = await kms.generateDataKey(keyArn, context);
    const encrypted = Buffer.from(made.ciphertext);
    remember(encrypted, made.plaintext);
    current = { plaintext: made.plaintext, encrypted, madeAt: now() };
    return current;
  };

  const dataKey = async (): Promise<DataKey> => {
    if (current !== undefined && now() - current.madeAt < DATA_KEY_MILLIS) return current;
    making ??= makeKey().finally(() => {
      making = undefined;
    });
    return making;
  };

  return {
    check: async () => {
      // A key that is due for replacement still encrypts: KMS may be away for a while.
      if (current === undefined) await dataKey();
    },
    encrypt: async (plaintext) => {
      let key: DataKey;
      try {
        key = await dataKey();
      } catch (thrown) {
        if (current === undefined) throw thrown;
        key = current;
      }
      return { ciphertext: seal(key.plaintext, plaintext), encryptedKey: key.encrypted };
    },
    decrypt: async ({ ciphertext, encryptedKey }) => {
      const known = opened.get(fingerprint(encryptedKey));
      const key = known ?? (await kms.decrypt(encryptedKey, context));
      if (known === undefined) remember(encryptedKey, key);
      return unseal(key, ciphertext);
    },
  };
};
