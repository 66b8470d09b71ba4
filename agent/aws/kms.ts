/**
 * KMS: the two calls that a machine makes, in plain data.
 *
 * Owns: the SDK client, loaded when it is first needed. Invariant: I8 (plaintext keys stay in memory).
 */

import type { AwsAccount } from './credentials.ts';

/** Binds a ciphertext to its purpose: KMS refuses to decrypt under another one. */
type EncryptionContext = Readonly<Record<string, string>>;

export type Kms = {
  decrypt(ciphertext: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;
  /** A new 256-bit key: in clear, and as only KMS can open it. */
  generateDataKey(
    keyArn: string,
    context: EncryptionContext,
  ): Promise<{ readonly plaintext: Uint8Array; readonly ciphertext: Uint8Array }>;
};

export const createKms = async (account: AwsAccount): Promise<Kms> => {
  const { KMSClient, DecryptCommand, GenerateDataKeyCommand } = await import('@aws-sdk/client-kms');
  const client = new KMSClient({ ...account, requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 } });
  return {
    decrypt: async (ciphertext, context) => {
      const answer = await client.send(
        new DecryptCommand({ CiphertextBlob: ciphertext, EncryptionContext: { ...context } }),
      );
      if (answer.Plaintext === undefined) throw new Error('KMS answered Decrypt without a plaintext.');
      return answer.Plaintext;
    },
    generateDataKey: async (keyArn, context) => {
      const answer = await client.send(
        new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext: { ...context } }),
      );
      if (answer.Plaintext === undefined || answer.CiphertextBlob === undefined) {
        throw new Error(`KMS answered GenerateDataKey for ${keyArn} without a key.`);
      }
      return { plaintext: answer.Plaintext, ciphertext: answer.CiphertextBlob };
    },
  };
};
