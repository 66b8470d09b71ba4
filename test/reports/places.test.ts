/** What people reported elsewhere of places that a tool did not know: regions, zones and partitions of AWS. */
import { describe, expect, test } from '@jest/globals';
import { clusterManifest } from '../../api/cluster.ts';
import { nodePoolManifest } from '../../api/nodepool.ts';
import { instanceDefect } from '../../machine/shape.ts';
import { seedManifest, withPath } from '../api/manifests.ts';

/** One of each partition and of each form: https://docs.aws.amazon.com/general/latest/gr/rande.html */
const PLACES: readonly (readonly [region: string, zone: string, partition: string])[] = [
  ['eu-west-1', 'eu-west-1a', 'aws'],
  ['ap-southeast-7', 'ap-southeast-7c', 'aws'],
  ['us-west-2', 'us-west-2-lax-1a', 'aws'],
  ['us-east-1', 'us-east-1-wl1-bos-wlz-1', 'aws'],
  ['cn-northwest-1', 'cn-northwest-1b', 'aws-cn'],
  ['us-gov-east-1', 'us-gov-east-1a', 'aws-us-gov'],
  ['us-isob-east-1', 'us-isob-east-1a', 'aws-iso-b'],
  ['eu-isoe-west-1', 'eu-isoe-west-1a', 'aws-iso-e'],
  // https://github.com/hashicorp/terraform-provider-aws/pull/45895, https://github.com/go-to-k/cdkd/issues/2001
  ['eusc-de-east-1', 'eusc-de-east-1a', 'aws-eusc'],
];

describe.each(PLACES)('%s', (region, zone, partition) => {
  const key = `arn:${partition}:kms:${region}:012345678901:key/mrk-1234abcd12ab34cd56ef1234567890ab`;

  test('may have clusters and node pools, with the keys of its partition', () => {
    const cluster = withPath(
      withPath(seedManifest('cluster-0'), 'spec.region', region),
      'spec.controlPlane.databaseEncryption.kmsKeyARN',
      key,
    );
    expect(clusterManifest.safeParse(cluster).error?.issues).toBeUndefined();
    const pool = withPath(seedManifest('cluster-0-pool-0'), 'spec.region', region);
    expect(nodePoolManifest.safeParse(withPath(pool, 'spec.rootVolume.kmsKeyARN', key)).error?.issues).toBeUndefined();
  });

  test('may have machines', () => {
    const instance = {
      id: 'i-0123456789abcdef0',
      type: 'm5.large',
      region,
      zone,
      address: '10.0.0.1',
      hostname: `ip-10-0-0-1.${region}.compute.internal`,
    };
    expect(instanceDefect(instance)).toBeUndefined();
  });
});

test.each(['eu-west', 'EU-WEST-1', 'eu_west_1', 'eu-west-1a', 'europe-west1', 'eu-west-1\n'])(
  '"%s" is no region',
  (region) => {
    expect(clusterManifest.safeParse(withPath(seedManifest('cluster-0'), 'spec.region', region)).success).toBe(false);
  },
);
