/**
 * User data: what this machine is to be, opened with the help of KMS.
 *
 * Owns: reading the document and unsealing its secret part. Neighbours: `machine/configuration.ts` is the format,
 * `machine/envelope.ts` the cipher, `machine/shape.ts` looks at each value first.
 * Invariants: I8 (the opened secrets are returned, never logged), I11 (KMS and EC2 suffice to boot).
 */

import type {
  NodeConfiguration,
  NodeSecrets,
  ReplicaConfiguration,
  ReplicaSecrets,
  UserData,
} from '../machine/configuration.ts';
import { encryptionContextOf, type MachineConfiguration, USER_DATA_LIMIT_BYTES } from '../machine/configuration.ts';
import { open } from '../machine/envelope.ts';
import { userDataDefect } from '../machine/shape.ts';
import type { Kms } from './aws/kms.ts';
import type { Log } from './log.ts';
import { done, persist } from './persist.ts';

const PACE = { firstMillis: 500, maxMillis: 15_000 };

const isMachineConfiguration = (value: unknown): value is MachineConfiguration =>
  typeof value === 'object' && value !== null && 'role' in value && (value.role === 'replica' || value.role === 'node');

export const parseUserData = (text: string): UserData => {
  if (text.length > USER_DATA_LIMIT_BYTES) {
    throw new Error(`The user data of this instance has ${text.length} characters, which EC2 would not have taken.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What the parser says would quote the document.
    throw new Error(
      'The user data of this instance is not JSON: its launch template was not made by Slipway, or was edited.',
    );
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !('slipway' in value && 'configuration' in value && 'sealed' in value) ||
    !isMachineConfiguration(value.configuration)
  ) {
    throw new Error('The user data of this instance is not a machine configuration of Slipway.');
  }
  if (value.slipway !== 1) {
    throw new Error(
      `The user data of this instance has format ${String(value.slipway)}; this agent reads 1. Its image and its launch template belong to different releases.`,
    );
  }
  const defect = userDataDefect(value.configuration, value.sealed);
  if (defect !== undefined) {
    throw new Error(
      `The user data of this instance has no usable ${defect}: its launch template was not made by this release of Slipway, or was edited.`,
    );
  }
  return value as UserData;
};

/** A machine's configuration together with its opened secrets. */
export type Machine =
  | { readonly role: 'replica'; readonly configuration: ReplicaConfiguration; readonly secrets: ReplicaSecrets }
  | { readonly role: 'node'; readonly configuration: NodeConfiguration; readonly secrets: NodeSecrets };

const textsOf = <N extends string>(
  opened: Readonly<Record<string, string>>,
  names: readonly N[],
): Readonly<Record<N, string>> => {
  const missing = names.filter((name) => !Object.hasOwn(opened, name) || typeof opened[name] !== 'string');
  if (missing.length > 0) throw new Error(`The sealed part of the user data lacks ${missing.join(', ')}.`);
  return opened as Readonly<Record<N, string>>;
};

export const unseal = async (userData: UserData, kms: Kms, log: Log, signal: AbortSignal): Promise<Machine> => {
  const { configuration, sealed } = userData;
  const key = await persist({
    what: 'Decrypting the data key of the user data',
    log,
    signal,
    pace: PACE,
    attempt: async () =>
      done(await kms.decrypt(Buffer.from(sealed.encryptedKey, 'base64'), encryptionContextOf(configuration))),
  });
  const opened = open(key, userData);
  switch (configuration.role) {
    case 'replica':
      return {
        role: 'replica',
        configuration,
        secrets: textsOf(opened, ['rootCaKey', 'etcdCaKey', 'frontProxyCaKey', 'serviceAccountKey']),
      };
    case 'node':
      return { role: 'node', configuration, secrets: textsOf(opened, ['token']) };
  }
};
