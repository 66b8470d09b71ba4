/** How long the worker keeps its own credentials for a user cluster. */
import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import { createAuthority } from '../../../activities/kubernetes/certificates.ts';
import { connectUserClusters, createUserClusterCache } from '../../../activities/kubernetes/user-cluster.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';

const MINUTE_MS = 60_000;
const CLUSTER = { namespace: 'default', clusterId: 'gke-1', endpoint: 'lb.example.com' };

const encode = (text: string): string => Buffer.from(text).toString('base64');

/** A management API that has one Secret, or none, and counts how often it is read. */
const managementWith = async (authority: { certificate: string; key: string } | null) => {
  let reads = 0;
  const find: KubernetesClient['find'] = (name) => {
    reads += 1;
    if (authority === null) return Promise.resolve(null);
    const data = { 'tls.crt': encode(authority.certificate), 'tls.key': encode(authority.key) };
    const metadata = { name: name.name, namespace: name.namespace ?? '' };
    return Promise.resolve({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data });
  };
  // Connecting reads one Secret; nothing else of the client is used.
  return { client: { find } as KubernetesClient, reads: () => reads };
};

describe('a connection to a user cluster', () => {
  test('is made once for all who ask at the same time, and kept until its certificate is two thirds through', async () => {
    const management = await managementWith(await createAuthority('root'));
    let now = 0;
    const cache = createUserClusterCache();
    const connect = connectUserClusters({ management: management.client, cache, now: () => now });
    const [one, two] = await Promise.all([connect(CLUSTER), connect(CLUSTER)]);
    expect(one).toBe(two);
    now = 39 * MINUTE_MS;
    expect(await connect(CLUSTER)).toBe(one);
    now = 41 * MINUTE_MS;
    expect(await connect(CLUSTER)).not.toBe(one);
    expect(management.reads()).toBe(2);
    expect(cache.size).toBe(1);
  });

  test('without its CA Secret is blocked, and tried anew next time', async () => {
    const management = await managementWith(null);
    const connect = connectUserClusters({ management: management.client, cache: createUserClusterCache() });
    for (const reads of [1, 2]) {
      const error: unknown = await connect(CLUSTER).catch((thrown: unknown) => thrown);
      expect(verdictOf(error)).toMatchObject({ verdict: 'blocked' });
      expect(verdictOf(error).message).toContain('Secret default/gke-1-root-ca is missing');
      expect(management.reads()).toBe(reads);
    }
  });
});
