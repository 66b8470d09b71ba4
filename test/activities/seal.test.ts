import { describe, expect, test } from '@jest/globals';
import { checkSize, gatherSecrets } from '../../activities/seal.ts';
import { verdictOf } from '../../activities/verdicts.ts';
import type { NodeConfiguration, UserData } from '../../machine/configuration.ts';
import { secretFingerprint } from '../../machine/envelope.ts';

const configuration = (labels: Record<string, string>): NodeConfiguration => ({
  role: 'node',
  clusterId: 'gke-00000001',
  region: 'eu-west-1',
  poolId: '00000002',
  poolName: 'pool-0',
  versions: { kubernetes: '1.36.3', etcd: '3.6.16', cloudController: '1.36.1' },
  endpoint: 'nlb.example',
  certificateAuthority: 'PEM',
  maxPodsPerNode: 100,
  labels,
  taints: [],
});

const document = (labels: Record<string, string>): UserData => ({
  slipway: 1,
  configuration: configuration(labels),
  sealed: { encryptedKey: 'a', nonce: 'b', tag: 'c', ciphertext: 'd' },
});

describe('the size of user data', () => {
  test('is checked as EC2 counts it, and the largest part is named', () => {
    checkSize(document({}), 'template-1');
    const thrown = (() => {
      try {
        return checkSize(document({ note: 'x'.repeat(17_000) }), 'template-1');
      } catch (error) {
        return error;
      }
    })();
    expect(verdictOf(thrown)).toMatchObject({
      verdict: 'blocked',
      message: expect.stringMatching(
        /template-1 would have \d+ bytes.*16384.*configuration\.labels with 170\d\d bytes/,
      ),
    });
  });
});

describe('secrets for a document', () => {
  test('give their private part to the document and their fingerprint to everybody', async () => {
    const data = { 'tls.crt': 'certificate', 'tls.key': 'key' };
    const gathered = await gatherSecrets(() => Promise.resolve(data), {
      namespace: 'default',
      secrets: { rootCaKey: { name: 'gke-1-root-ca', type: 'certificate-authority' } },
      signal: new AbortController().signal,
    });
    expect(gathered).toEqual({ parts: { rootCaKey: 'key' }, fingerprints: { rootCaKey: secretFingerprint(data) } });
  });

  test('without a private part are blocked, and the Secret is named', async () => {
    const gathering = gatherSecrets(() => Promise.resolve({ 'tls.crt': 'certificate' }), {
      namespace: 'default',
      secrets: { rootCaKey: { name: 'gke-1-root-ca', type: 'certificate-authority' } },
      signal: new AbortController().signal,
    });
    await expect(gathering).rejects.toThrow('default/gke-1-root-ca');
  });
});
