/**
 * The envelope: how the secret part of user data is closed and opened, and how content is fingerprinted without it.
 *
 * Owns: canonical JSON, fingerprints, and AES-256-GCM under a data key that somebody else fetched from KMS. The public
 * configuration is authenticated with the ciphertext, so a sealed part cannot be moved to another configuration.
 * Neighbours: `configuration.ts` says what a document contains; `activities/seal.ts` asks KMS for a new data key and
 * calls `close`; the agent asks KMS to decrypt the key, with the same encryption context, and calls `open`. What an API server
 * stores is sealed in the same way by `agent/storage-cipher.ts`.
 * Invariants: I8 (fingerprints are of content that no one can guess: keys and tokens; nothing else here leaves a process).
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { MachineConfiguration, SealedDocument, UserData } from './configuration.ts';

const CIPHER = 'aes-256-gcm';
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** Entries of a Secret that are private, by the type of Secret; each of our Secrets has exactly one of them. */
const PRIVATE_ENTRIES = ['tls.key', 'key', 'ssh-privatekey', 'token'] as const;

/** Content of one Secret, decoded: entry name -> text. */
export type SecretData = Readonly<Record<string, string>>;

/** A data key as KMS hands it out: once in clear, once encrypted under the cluster's key. */
export type DataKey = { readonly plaintext: Uint8Array; readonly encrypted: Uint8Array };

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
};

/** JSON with sorted names and no undefined values: equal content has equal text. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value));

/** 64 hex digits that stand for any plain value. */
export const fingerprintOf = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');

/** What stands for a Secret's content in outputs, histories and template descriptions (I8). */
export const secretFingerprint = (data: SecretData): string => {
  const hash = createHash('sha256');
  for (const name of Object.keys(data).sort()) hash.update(`${name}\0${data[name]}\0`);
  return hash.digest('hex');
};

/** The private text of one of our Secrets, or undefined if it has none. */
export const privatePart = (data: SecretData): string | undefined => {
  const entry = PRIVATE_ENTRIES.find((name) => data[name] !== undefined);
  return entry === undefined ? undefined : data[entry];
};

/** What AES-GCM makes of a text: without its nonce and its whole tag nobody opens it. */
export type SealedBytes = { readonly nonce: Uint8Array; readonly tag: Uint8Array; readonly ciphertext: Uint8Array };

/** Seals under a key, and binds `context` to it, which is not in it. */
export const sealBytes = (key: Uint8Array, text: Uint8Array, context?: Uint8Array): SealedBytes => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  if (context !== undefined) cipher.setAAD(context);
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return { nonce, tag: cipher.getAuthTag(), ciphertext };
};

/** Throws when anything of it, or its context, was changed. */
export const openBytes = (key: Uint8Array, { nonce, tag, ciphertext }: SealedBytes, context?: Uint8Array): Buffer => {
  // A shorter tag would be easier to guess, and Node.js takes one unless it is told.
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  if (context !== undefined) decipher.setAAD(context);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
};

const authenticated = (configuration: MachineConfiguration): Buffer => Buffer.from(canonicalJson(configuration));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Closes secrets under a data key. A data key is used once: its nonce is random and needs no counter. */
export const close = (
  key: DataKey,
  configuration: MachineConfiguration,
  secrets: Readonly<Record<string, string>>,
): SealedDocument => {
  const { nonce, tag, ciphertext } = sealBytes(
    key.plaintext,
    Buffer.from(canonicalJson(secrets)),
    authenticated(configuration),
  );
  return {
    encryptedKey: base64(key.encrypted),
    nonce: base64(nonce),
    tag: base64(tag),
    ciphertext: base64(ciphertext),
  };
};

/** Opens the sealed part of user data with the decrypted data key. Throws when configuration or ciphertext was changed. */
export const open = (plaintextKey: Uint8Array, userData: UserData): Readonly<Record<string, string>> => {
  const { sealed, configuration } = userData;
  const nonce = Buffer.from(sealed.nonce, 'base64');
  if (nonce.length !== NONCE_BYTES) throw new Error('The nonce of the sealed part has another length.');
  const parts = { nonce, tag: Buffer.from(sealed.tag, 'base64'), ciphertext: Buffer.from(sealed.ciphertext, 'base64') };
  const text = openBytes(plaintextKey, parts, authenticated(configuration));
  let opened: unknown;
  try {
    opened = JSON.parse(text.toString('utf8'));
  } catch {
    // The parser's own words would quote what was sealed (I8).
    throw new Error('The sealed part is not JSON.');
  }
  if (typeof opened !== 'object' || opened === null) throw new Error('The sealed part holds no secrets.');
  return opened as Readonly<Record<string, string>>;
};
