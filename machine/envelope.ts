/**
 * The envelope: how the secret part of user data is closed and opened, and how content is fingerprinted without it.
 *
 * Owns: canonical JSON, fingerprints, and AES-256-GCM under a data key that somebody else fetched from KMS. The public
 * configuration is authenticated with the ciphertext, so a sealed part cannot be moved to another configuration.
 * Neighbours: `configuration.ts` says what a document contains; `activities/seal.ts` asks KMS for a new data key and
 * calls `close`; the agent asks KMS to decrypt the key, with the same encryption context, and calls `open`.
 * Invariants: I8 (fingerprints are of content that no one can guess: keys and tokens; nothing else here leaves a process).
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { MachineConfiguration, SealedDocument, UserData } from './configuration.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

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

const authenticated = (configuration: MachineConfiguration): Buffer => Buffer.from(canonicalJson(configuration));

/** Closes secrets under a data key. A data key is used once: its nonce is random and needs no counter. */
export const close = (
  key: DataKey,
  configuration: MachineConfiguration,
  secrets: Readonly<Record<string, string>>,
): SealedDocument => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.plaintext, nonce);
  cipher.setAAD(authenticated(configuration));
  const ciphertext = Buffer.concat([cipher.update(canonicalJson(secrets), 'utf8'), cipher.final()]);
  return {
    encryptedKey: Buffer.from(key.encrypted).toString('base64'),
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
};

/** Opens the sealed part of user data with the decrypted data key. Throws when configuration or ciphertext was changed. */
export const open = (plaintextKey: Uint8Array, userData: UserData): Readonly<Record<string, string>> => {
  const { sealed, configuration } = userData;
  const nonce = Buffer.from(sealed.nonce, 'base64');
  if (nonce.length !== NONCE_BYTES) throw new Error('The nonce of the sealed part has another length.');
  // A shorter tag would be easier to guess, and Node.js takes one unless it is told.
  const decipher = createDecipheriv(CIPHER, plaintextKey, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated(configuration));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  const text = Buffer.concat([decipher.update(Buffer.from(sealed.ciphertext, 'base64')), decipher.final()]);
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
