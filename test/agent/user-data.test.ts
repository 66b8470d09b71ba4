import { describe, expect, test } from '@jest/globals';
import { parseUserData, unseal } from '../../agent/user-data.ts';
import { encryptionContextOf, type MachineConfiguration, type UserData } from '../../machine/configuration.ts';
import { close } from '../../machine/envelope.ts';
import { nodeConfiguration, replicaConfiguration } from '../machine/examples.ts';
import { kmsDouble, recordedLog } from './doubles.ts';

const never = new AbortController().signal;
const kms = kmsDouble();

const sealed = async (
  configuration: MachineConfiguration,
  secrets: Readonly<Record<string, string>>,
): Promise<UserData> => {
  const key = await kms.generateDataKey('key', encryptionContextOf(configuration));
  return {
    slipway: 1,
    configuration,
    sealed: close({ plaintext: key.plaintext, encrypted: key.ciphertext }, configuration, secrets),
  };
};

describe('User data', () => {
  test('is opened by KMS and tells a machine what it is', async () => {
    const document = await sealed(nodeConfiguration(), { token: 'abcdef.0123456789abcdef' });
    const machine = await unseal(parseUserData(JSON.stringify(document)), kms, recordedLog().log, never);
    expect(machine).toMatchObject({ role: 'node', secrets: { token: 'abcdef.0123456789abcdef' } });
  });

  test('whose public part was changed is not opened', async () => {
    const document = await sealed(nodeConfiguration(), { token: 'x' });
    const changed: UserData = { ...document, configuration: nodeConfiguration({ endpoint: 'elsewhere.example' }) };
    await expect(unseal(changed, kms, recordedLog().log, never)).rejects.toThrow();
  });

  test('without a secret that the role needs is refused by its name', async () => {
    const document = await sealed(replicaConfiguration(), { rootCaKey: 'x' });
    await expect(unseal(document, kms, recordedLog().log, never)).rejects.toThrow(
      'lacks etcdCaKey, frontProxyCaKey, serviceAccountKey',
    );
  });

  test.each([
    ['#!/bin/bash', /is not JSON/],
    ['{"slipway":1}', /is not a machine configuration/],
    ['{"slipway":2,"configuration":{"role":"node"},"sealed":{}}', /has format 2; this agent reads 1/],
    ['{"slipway":1,"configuration":{"role":"bastion"},"sealed":{}}', /is not a machine configuration/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseUserData(text)).toThrow(reason);
  });
});
