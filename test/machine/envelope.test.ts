import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { NodeConfiguration, UserData } from '../../machine/configuration.ts';
import { canonicalJson, close, open, privatePart } from '../../machine/envelope.ts';

const configuration: NodeConfiguration = {
  role: 'node',
  clusterId: 'gke-00000001',
  region: 'eu-west-1',
  poolId: '00000002',
  poolName: 'pool-0',
  versions: { kubernetes: '1.36.3', etcd: '3.6.16', cloudController: '1.36.1' },
  endpoint: 'nlb.example',
  certificateAuthority: 'PEM',
  maxPodsPerNode: 100,
  labels: {},
  taints: [],
};

const sealedWith = (plaintext: Uint8Array): UserData => ({
  slipway: 1,
  configuration,
  sealed: close({ plaintext, encrypted: Buffer.from('encrypted') }, configuration, {
    token: 'abcdef.0123456789abcdef',
  }),
});

describe('the envelope', () => {
  test('opens what it closed, with the same key', () => {
    const key = randomBytes(32);
    expect(open(key, sealedWith(key))).toEqual({ token: 'abcdef.0123456789abcdef' });
  });

  test('shows nothing of the secret in the document', () => {
    const document = JSON.stringify(sealedWith(randomBytes(32)));
    expect(document).not.toContain('abcdef.');
    expect(document).not.toContain(Buffer.from('abcdef.0123456789abcdef').toString('base64'));
  });

  test('refuses another key', () => {
    expect(() => open(randomBytes(32), sealedWith(randomBytes(32)))).toThrow();
  });

  test('refuses a configuration that was exchanged around the sealed part', () => {
    const key = randomBytes(32);
    const moved: UserData = { ...sealedWith(key), configuration: { ...configuration, endpoint: 'elsewhere.example' } };
    expect(() => open(key, moved)).toThrow();
  });

  test('survives the trip through JSON with names in another order', () => {
    const key = randomBytes(32);
    const { sealed } = sealedWith(key);
    const reordered = JSON.parse(
      JSON.stringify({
        sealed,
        configuration: Object.fromEntries(Object.entries(configuration).reverse()),
        slipway: 1,
      }),
    ) as UserData;
    expect(open(key, reordered)).toEqual({ token: 'abcdef.0123456789abcdef' });
  });
});

describe('fingerprints', () => {
  test('are of content, however its names are ordered', () => {
    expect(canonicalJson({ b: 1, a: { d: undefined, c: 2 } })).toBe('{"a":{"c":2},"b":1}');
  });

  test('the private part of a Secret is its key or token, never its certificate', () => {
    expect(privatePart({ 'tls.crt': 'public', 'tls.key': 'private' })).toBe('private');
    expect(privatePart({ key: 'private', public: 'public' })).toBe('private');
    expect(privatePart({ token: 'private' })).toBe('private');
    expect(privatePart({ 'tls.crt': 'public' })).toBeUndefined();
  });
});
