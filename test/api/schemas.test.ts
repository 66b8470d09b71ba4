import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { awsCluster, clusterManifest, clusterSpec } from '../../api/cluster.ts';
import { clusterFieldsWithoutEffect, describeWithoutEffect, nodePoolFieldsWithoutEffect } from '../../api/effects.ts';
import { awsNodePool, nodePoolManifest, nodePoolSpec } from '../../api/nodepool.ts';
import { ROOT, SEED_FILE, seedManifest, seedManifests, withPath } from './manifests.ts';

const stored = { namespace: 'default', uid: 'u-1', resourceVersion: '1', generation: 1, creationTimestamp: 'now' };

describe("the seed's manifest", () => {
  test('is a cluster and three node pools that the schemas accept, thirteen-digit account numbers included', () => {
    const kinds = seedManifests().map((manifest) => {
      const schema = manifest.kind === 'AWSCluster' ? clusterManifest : nodePoolManifest;
      return schema.parse(manifest).metadata.name;
    });
    expect(kinds).toEqual(['cluster-0', 'cluster-0-pool-0', 'cluster-0-pool-1', 'cluster-0-pool-2']);
  });

  test('is the same in the demo', () => {
    expect(readFileSync(join(ROOT, 'sandbox/demo/cluster-0.yaml'))).toEqual(readFileSync(SEED_FILE));
  });

  test('says nothing that the schemas drop', () => {
    for (const manifest of seedManifests()) {
      const schema = manifest.kind === 'AWSCluster' ? clusterManifest : nodePoolManifest;
      expect(schema.parse(manifest)).toMatchObject(manifest);
    }
  });
});

describe('defaults', () => {
  test('of a cluster are filled in where the manifest is silent', () => {
    const { controlPlane } = seedManifest('cluster-0').spec as { controlPlane: Record<string, unknown> };
    const spec = clusterSpec.parse({
      ...seedManifest('cluster-0').spec,
      controlPlane: { ...controlPlane, rootVolume: undefined, etcd: undefined, securityGroupIDs: undefined },
    });
    expect(spec.controlPlane).toMatchObject({
      rootVolume: { sizeGiB: 32, volumeType: 'gp3' },
      etcd: { mainVolume: { sizeGiB: 8, volumeType: 'gp3' } },
      securityGroupIDs: [],
      tags: {},
    });
    expect(spec.deletionProtection).toBe(false);
  });

  test('of a node pool leave room for what people did say', () => {
    const spec = nodePoolSpec.parse(seedManifest('cluster-0-pool-0').spec);
    expect(spec).toMatchObject({ rootVolume: { sizeGiB: 10, volumeType: 'gp3' }, labels: {}, taints: [], tags: {} });
  });
});

describe('a stored object', () => {
  test('has complete metadata, and a status that fills with time', () => {
    const manifest = seedManifest('cluster-0');
    const cluster = awsCluster.parse({ ...manifest, metadata: { ...manifest.metadata, ...stored } });
    expect(cluster.status).toBeUndefined();
    expect(() => awsCluster.parse(manifest)).toThrow(/uid/);
  });

  test('has taint effects as Kubernetes spells them, whichever spelling the manifest used', () => {
    const manifest = withPath(seedManifest('cluster-0-pool-0'), 'spec.taints', [
      { key: 'dedicated', value: 'gpu', effect: 'NOSCHEDULE' },
      { key: 'example.com/spot', effect: 'PREFERNOSCHEDULE' },
      { key: 'a', effect: 'NOEXECUTE' },
      { key: 'b', effect: 'PreferNoSchedule' },
    ]);
    const pool = awsNodePool.parse({ ...manifest, metadata: { ...manifest.metadata, ...stored } });
    expect(pool.spec.taints.map((taint) => taint.effect)).toEqual([
      'NoSchedule',
      'PreferNoSchedule',
      'NoExecute',
      'PreferNoSchedule',
    ]);
  });
});

describe('a wrong id', () => {
  test('is refused with a message that says what it looks like', () => {
    const refused = clusterManifest.safeParse(withPath(seedManifest('cluster-0'), 'spec.networking.vpcID', 'my-vpc'));
    expect(refused.error?.issues).toEqual([
      expect.objectContaining({
        path: ['spec', 'networking', 'vpcID'],
        message: 'must be a VPC id: vpc- and 8 to 17 hex digits',
      }),
    ]);
  });
});

describe('fields without effect', () => {
  test('are named when used, with what it means', () => {
    const used: readonly (readonly [string, unknown])[] = [
      ['authentication.oidc', [{ issuerURI: 'https://login.example.com', clientID: 'kubernetes' }]],
      ['controlPlane.cloudOperations', { projectID: 'p', location: 'europe-west1' }],
      ['controlPlane.proxySecretName', 'proxy'],
      ['controlPlane.workloadIdentity', { oidcDiscoveryGCSBucket: 'bucket' }],
    ];
    const manifest = used.reduce(
      (spec, [path, value]) => withPath(spec, path, value),
      withPath(seedManifest('cluster-0').spec, 'authentication.awsIAM', undefined),
    );
    const fields = clusterFieldsWithoutEffect(clusterSpec.parse(manifest));
    expect(fields.map(({ field }) => field)).toEqual([
      'spec.authentication.oidc',
      'spec.controlPlane.cloudOperations',
      'spec.controlPlane.proxySecretName',
      'spec.controlPlane.workloadIdentity',
    ]);
    expect(describeWithoutEffect(fields.slice(0, 1))).toBe(
      'spec.authentication.oidc has no effect yet: the API server trusts no OpenID provider',
    );
  });

  test("of the seed's manifest are the identities of IAM alone", () => {
    const fields = clusterFieldsWithoutEffect(clusterSpec.parse(seedManifest('cluster-0').spec));
    expect(fields.map(({ field }) => field)).toEqual(['spec.authentication.awsIAM.adminIdentityARNs']);
    const pool = nodePoolSpec.parse(seedManifest('cluster-0-pool-0').spec);
    expect(nodePoolFieldsWithoutEffect(pool)).toEqual([]);
    expect(nodePoolFieldsWithoutEffect({ ...pool, proxySecretName: 'proxy' })).toHaveLength(1);
  });
});
