/**
 * Seal: what a machine is told at boot, made into EC2 user data.
 *
 * Owns: gathering secrets, the data key, and the size that EC2 allows. Neighbours: `machine/envelope.ts` closes and opens;
 * `activities/kubernetes` holds the bytes; `aws/launch-template.ts` puts the result into a template.
 * Invariants: I8 (bytes go from the management API into ciphertext within one call, and are never returned, logged or
 * part of an error), I6 (the fingerprint is of content, so equal content is never sealed again).
 */

import { GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { SecretContent } from '../kinds/secret.ts';
import {
  encryptionContextOf,
  type MachineConfiguration,
  USER_DATA_LIMIT_BYTES,
  type UserData,
} from '../machine/configuration.ts';
import { close, privatePart, type SecretData, secretFingerprint } from '../machine/envelope.ts';
import { blockedError, isAbsent } from './verdicts.ts';

/** Which Secret of the management API. */
export type SecretRequest = {
  readonly namespace: string;
  readonly name: string;
  readonly type: SecretContent['type'];
  readonly signal: AbortSignal;
};

/** Reads one Secret's decoded entries; throws `blocked` when it is missing or damaged. */
export type ReadSecret = (request: SecretRequest) => Promise<SecretData>;

/** Secrets by the part of the sealed document that they become. */
export type GatheredSecrets = {
  readonly parts: Readonly<Record<string, string>>;
  readonly fingerprints: Readonly<Record<string, string>>;
};

/** Reads all secrets that a document shall carry. */
export const gatherSecrets = async (
  readSecret: ReadSecret,
  request: {
    readonly namespace: string;
    /** By the part of the sealed document that they become. */
    readonly secrets: Readonly<Record<string, Pick<SecretRequest, 'name' | 'type'>>>;
    readonly signal: AbortSignal;
  },
): Promise<GatheredSecrets> => {
  const gathered = await Promise.all(
    Object.entries(request.secrets).map(async ([part, { name, type }]) => {
      const data = await readSecret({ namespace: request.namespace, name, type, signal: request.signal });
      const text = privatePart(data);
      if (text === undefined) throw blockedError(`Secret ${request.namespace}/${name} has no private entry.`);
      return { part, text, fingerprint: secretFingerprint(data) };
    }),
  );
  return {
    parts: Object.fromEntries(gathered.map(({ part, text }) => [part, text])),
    fingerprints: Object.fromEntries(gathered.map(({ part, fingerprint }) => [part, fingerprint])),
  };
};

const newDataKey = async (kms: KMSClient, keyArn: string, context: Record<string, string>) => {
  try {
    const answer = await kms.send(
      new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext: context }),
    );
    if (answer.Plaintext === undefined || answer.CiphertextBlob === undefined) {
      throw new Error(`KMS answered without a data key of ${keyArn}.`);
    }
    return { plaintext: answer.Plaintext, encrypted: answer.CiphertextBlob };
  } catch (error) {
    if (isAbsent(error)) throw blockedError(`KMS key ${keyArn} does not exist: user data cannot be sealed.`, error);
    throw error;
  }
};

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** Throws an error that names the largest part when the document is more than EC2 takes. */
export const checkSize = (document: UserData, what: string): void => {
  const size = sizeOf(document);
  if (size <= USER_DATA_LIMIT_BYTES) return;
  const parts = [
    ...Object.entries(document.configuration).map(([name, value]): [string, number] => [
      `configuration.${name}`,
      sizeOf(value),
    ]),
    ['sealed', sizeOf(document.sealed)] as [string, number],
  ].sort(([, a], [, b]) => b - a);
  const [name, bytes] = parts[0] ?? ['', 0];
  throw blockedError(
    `User data of ${what} would have ${size} bytes, and EC2 takes ${USER_DATA_LIMIT_BYTES}. ` +
      `The largest part is ${name} with ${bytes} bytes: make that smaller.`,
  );
};

/** The user data of one template, base64 as EC2 takes it. */
export const sealUserData = async (
  kms: KMSClient,
  request: {
    readonly what: string;
    readonly configuration: MachineConfiguration;
    readonly parts: Readonly<Record<string, string>>;
    readonly kmsKeyArn: string;
  },
): Promise<string> => {
  const { configuration } = request;
  const dataKey = await newDataKey(kms, request.kmsKeyArn, encryptionContextOf(configuration));
  const sealed = close(dataKey, configuration, request.parts);
  dataKey.plaintext.fill(0);
  const document: UserData = { slipway: 1, configuration, sealed };
  checkSize(document, request.what);
  return Buffer.from(JSON.stringify(document)).toString('base64');
};
