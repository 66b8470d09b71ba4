import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fixedFields } from '../../api/changes.ts';
import { clusterIdOf, nodePoolIdOf } from '../../api/names.ts';
import { RELEASES } from '../../api/releases.ts';
import { needsOf, type Resource, type ResourceKind, type ResourceOf } from '../../kinds/resource.ts';
import { nodePorts, replicaPorts } from '../../machine/ports.ts';
import { orderedTopology } from '../../topology/check.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS } from '../../words/keys.ts';
import { CLUSTER_UID, earliest, POOL_UID, release, SUBNETS, seedCluster, seedPool, VERSION } from './objects.ts';

const ID = clusterIdOf(CLUSTER_UID);
const POOL_ID = nodePoolIdOf(POOL_UID);

const all = <K extends ResourceKind>(resources: readonly Resource[], kind: K): ResourceOf<K>[] =>
  resources.flatMap((resource) => (resource.kind === kind ? [resource as unknown as ResourceOf<K>] : []));

const get = (resources: readonly Resource[], key: string): Resource => {
  const found = resources.find((resource) => resource.key === key);
  if (found === undefined) throw new Error(`${key} is not in the topology`);
  return found;
};

/** Everything that must be done before a resource, through any number of steps. */
const ancestors = (resources: readonly Resource[], key: string): Set<string> => {
  const seen = new Set<string>();
  const visit = (from: string): void => {
    const resource = resources.find((one) => one.key === from);
    for (const need of resource === undefined ? [] : needsOf(resource)) {
      if (seen.has(need)) continue;
      seen.add(need);
      visit(need);
    }
  };
  visit(key);
  return seen;
};

/** Kinds whose making is a call that changes AWS. */
const MUTATING: readonly ResourceKind[] = [
  'subnet-tags',
  'security-group',
  'security-group-rules',
  'etcd-volume',
  'network-interface',
  'load-balancer',
  'target-group',
  'target-group-attributes',
  'targets',
  'listener',
  'launch-template',
  'auto-scaling-group',
];

const longestChain = (resources: readonly Resource[], key: string): string[] => {
  const resource = resources.find((one) => one.key === key);
  if (resource === undefined) return [];
  const before = needsOf(resource)
    .map((need) => longestChain(resources, need))
    .reduce((longest, chain) => (chain.length > longest.length ? chain : longest), []);
  return MUTATING.includes(resource.kind) ? [...before, key] : before;
};

const cluster = clusterTopology(seedCluster(), release());
const pool = nodePoolTopology(seedPool(), seedCluster(), release());

test('a field is said to be fixed where something is wrong with it, if the API server refuses to change it', () => {
  const fields = clusterTopology(seedCluster(), release()).flatMap((one) =>
    one.kind === 'preflight' ? (one.properties.fields ?? []) : [],
  );
  const pathOf = (field: string): string => field.replace(/^spec\./, '').replace(/\[\d+\]$/, '');
  const wrong = fields.filter(
    ({ field, fixed = false }) => fixedFields('AWSCluster').includes(pathOf(field)) !== fixed,
  );
  expect(wrong).toEqual([]);
});

describe('the topology of the seed’s cluster', () => {
  test('has exactly the resources that the seed’s cluster is made of', () => {
    expect(cluster.map((resource) => resource.key).sort()).toEqual(
      [
        'finalizer',
        'preflight',
        'cluster/started',
        'cluster/provisioned',
        'network/ready',
        'addons/applied',
        'hub-agent/installed',
        'secret/root-ca',
        'secret/etcd-ca',
        'secret/front-proxy-ca',
        'secret/service-account',
        'secret/ssh-key',
        'subnet-tags/shared',
        'security-group/controlplane',
        'security-group/nodepool',
        'security-group/load-balancer',
        'security-group-rules/controlplane',
        'security-group-rules/nodepool',
        'security-group-rules/load-balancer',
        'load-balancer/controlplane',
        'target-group/controlplane',
        'target-group-attributes/controlplane',
        'targets/controlplane',
        'listener/controlplane',
        ...[0, 1, 2].flatMap((index) => [
          `etcd-volume/${index}`,
          `network-interface/${index}`,
          `launch-template/controlplane-${index}/${VERSION}`,
          `auto-scaling-group/controlplane-${index}`,
        ]),
        'control-plane/ready',
        'established/etcd',
        'hub-membership/cluster-0',
        'addon/node-access',
        'addon/coredns',
        'addon/metrics-server',
        'addon/storage-classes',
        'addon/connect-agent',
      ].sort(),
    );
  });

  test('lets ranges that the VPC was given later stand in the way of a new cluster only', () => {
    const rangesOf = (status: object) =>
      clusterTopology(seedCluster({ status }), release()).flatMap((one) =>
        one.kind === 'preflight' ? (one.properties.fields ?? []).filter(({ about }) => about === 'range') : [],
      );
    expect(rangesOf({}).map(({ value }) => value)).toEqual(['10.2.0.0/16', '10.1.0.0/16']);
    expect(rangesOf({ established: true })).toEqual([]);
  });

  test.each(RELEASES)('asks for room for as many security groups as it has: $version, revision $revision', (one) => {
    const resources = clusterTopology(seedCluster(), one);
    const asked = resources.flatMap(({ kind, properties }) =>
      kind === 'preflight' ? [properties.securityGroups] : [],
    );
    expect(asked).toEqual([all(resources, 'security-group').length]);
  });

  test('warns of fewer than three zones, by an event that names them, and of three not', () => {
    const eventOf = (subnetIDs: readonly string[]) =>
      clusterTopology(seedCluster({ controlPlane: { subnetIDs } }), release()).find((one) => one.kind === 'preflight')
        ?.event;
    expect(eventOf(SUBNETS.slice(0, 3))).toBeUndefined();
    const two = eventOf(SUBNETS.slice(0, 2));
    expect(two).toMatchObject({ type: 'Warning', reason: 'FewerThanThreeZones' });
    expect(two?.message.filter((part) => typeof part !== 'string')).toEqual([
      { ref: 'preflight', output: `zone/${SUBNETS[0]}` },
      { ref: 'preflight', output: `zone/${SUBNETS[1]}` },
    ]);
  });

  test('of format 1 has a load balancer without a security group, and lets in all of the VPC for it', () => {
    const before = clusterTopology(seedCluster(), earliest());
    expect(before.filter(({ key }) => key.endsWith('/load-balancer'))).toEqual([]);
    expect(get(before, 'load-balancer/controlplane').properties).not.toHaveProperty('groupIds');
    const dialled = (resources: readonly Resource[]) =>
      all(resources, 'security-group-rules')
        .filter(({ key }) => key === 'security-group-rules/controlplane')
        .flatMap(({ properties }) => properties.ingress.filter(({ fromPort }) => fromPort === 6443))
        .map(({ source }) => source);
    expect(dialled(before)).toEqual([{ cidr: { ref: 'preflight', output: 'vpcCidr' } }]);
    expect(dialled(cluster)).toEqual([
      { group: { ref: 'security-group/load-balancer', output: 'id' } },
      { group: { ref: 'security-group/nodepool', output: 'id' } },
    ]);
  });

  test('tells the seed’s events word for word', () => {
    const events = cluster.flatMap((resource) =>
      resource.event === undefined
        ? []
        : [
            `${resource.event.reason}: ${resource.event.message
              .map((part) => (typeof part === 'string' ? part : `<${part.ref}.${part.output}>`))
              .join('')}`,
          ],
    );
    expect(events.sort()).toEqual(
      [
        `CreatingCluster: Cluster version ${VERSION} is being created`,
        `TagSubnets: Tagged subnets ["subnet-08fdd9360320f5f27" "subnet-03babff7f9b5d4a7b" "subnet-072949cee3d082184" "subnet-06efa94e317c13730" "subnet-03808c78800c82a9d" "subnet-07b471ccadb908e9b"] with tags map["kubernetes.io/cluster/${ID}":"shared"]`,
        `CreatedSecurityGroup: Created security group named "${ID}-controlplane"`,
        `CreatedSecurityGroup: Created security group named "${ID}-nodepool"`,
        'CreatedEtcdVolume: Created etcd volume on replica 0',
        'CreatedEtcdVolume: Created etcd volume on replica 1',
        'CreatedEtcdVolume: Created etcd volume on replica 2',
        `CreatedNetworkLoadBalancer: Created network load balancer named "${ID}-controlplane"`,
        `CreatedTargetGroup: Created target group named "${ID}-controlplane"`,
        'CreatedNetworkInterface: Created network interface on replica 0',
        'CreatedNetworkInterface: Created network interface on replica 1',
        'CreatedNetworkInterface: Created network interface on replica 2',
        'CreatedListener: Created listener on load balancer with ARN "<load-balancer/controlplane.arn>"',
        ...[0, 1, 2].flatMap((index) => [
          `CreatedLaunchTemplate: Created launch template named "${ID}-controlplane-${index}-${VERSION}"`,
          `CreatedAutoScalingGroup: Created auto scaling group named "${ID}-controlplane-${index}"`,
        ]),
        'RegisteredGKEHubMembership: Registered to GKE Hub using membership "projects/jetstack-anthos/locations/global/memberships/cluster-0"',
        `AddonsApplied: Addons applied for version ${VERSION}`,
        'InstalledGKEHubAgent: Installed GKE Hub agent',
        `ClusterProvisioned: Cluster version ${VERSION} has been provisioned`,
      ].sort(),
    );
  });

  test('makes nothing in AWS before the finalizer and preflight', () => {
    const early = cluster
      .filter((resource) => MUTATING.includes(resource.kind) || resource.kind === 'hub-membership')
      .filter((resource) => {
        const before = ancestors(cluster, resource.key);
        return !before.has('finalizer') || !before.has('preflight');
      });
    expect(early.map((resource) => resource.key)).toEqual([]);
  });

  test('changes AWS in four steps at most from apply to the last auto scaling group', () => {
    const groups = all(cluster, 'auto-scaling-group').map((group) => longestChain(cluster, group.key));
    expect(groups).toEqual(
      [0, 1, 2].map((index) => [
        // No machine is told of the load balancer, which takes AWS longest.
        'security-group/controlplane',
        // Each is told the addresses of all.
        'network-interface/0',
        `launch-template/controlplane-${index}/${VERSION}`,
        `auto-scaling-group/controlplane-${index}`,
      ]),
    );
  });

  test('lets nothing but the finalizer and preflight stand before that chain', () => {
    const before = ancestors(cluster, 'auto-scaling-group/controlplane-0');
    const others = [...before].filter((key) => !MUTATING.includes(get(cluster, key).kind));
    expect(others.sort()).toEqual([
      'finalizer',
      'preflight',
      'secret/etcd-ca',
      'secret/front-proxy-ca',
      'secret/root-ca',
      'secret/service-account',
    ]);
    expect(before.has('security-group-rules/controlplane')).toBe(false);
    expect(before.has('subnet-tags/shared')).toBe(false);
    expect(before.has('target-group/controlplane')).toBe(false);
  });

  test('is provisioned last, after everything else', () => {
    const before = ancestors(cluster, 'cluster/provisioned');
    const later = cluster.filter((resource) => !before.has(resource.key)).map((resource) => resource.key);
    expect(later).toEqual(['cluster/provisioned']);
  });

  test('names exactly what pools take from it as network/ready', () => {
    expect(needsOf(get(cluster, 'network/ready'))).toEqual([...CLUSTER_OUTPUTS_FOR_POOLS].sort());
  });

  test('opens exactly the ports that machines listen on, and no egress', () => {
    const rules = all(cluster, 'security-group-rules');
    const ports = (key: string) =>
      rules.filter((rule) => rule.key === key).flatMap((rule) => rule.properties.ingress.map((one) => one.fromPort));
    expect(ports('security-group-rules/controlplane')).toEqual(replicaPorts.map((port) => port.port));
    expect(ports('security-group-rules/nodepool')).toEqual(nodePorts.map((port) => port.port));
  });

  test('gives replicas both their own security group and those that the user added', () => {
    for (const networkInterface of all(cluster, 'network-interface')) {
      expect(networkInterface.properties.groupIds).toEqual([
        { ref: 'security-group/controlplane', output: 'id' },
        'sg-0372ceaae4fc17084',
      ]);
    }
  });

  test('has neither membership nor agent without a hub', () => {
    const keys = clusterTopology(seedCluster({ controlPlane: { hub: undefined } }), release()).map((one) => one.key);
    expect(keys.filter((key) => key.startsWith('hub') || key === 'addon/connect-agent')).toEqual([]);
  });

  test('tags no subnets when none may have load balancers', () => {
    const bare = seedCluster();
    const without = {
      ...bare,
      spec: { ...bare.spec, networking: { ...bare.spec.networking, serviceLoadBalancerSubnetIDs: [] } },
    };
    expect(clusterTopology(without, release()).some((one) => one.kind === 'subnet-tags')).toBe(false);
  });

  test('never lets a tag of the user’s take a thing away from its owner', () => {
    const tagged = clusterTopology(seedCluster({ controlPlane: { tags: { team: 'a', Name: 'mine' } } }), release());
    const group = all(tagged, 'auto-scaling-group')[0];
    expect(group?.properties.tags).toEqual({
      team: 'a',
      Name: `${ID}-controlplane-0`,
      [`kubernetes.io/cluster/${ID}`]: 'owned',
      'slipway.dev/cluster': ID,
      'slipway.dev/uid': CLUSTER_UID,
      'slipway.dev/key': 'auto-scaling-group/controlplane-0',
    });
  });

  test('encrypts etcd volumes with the key that the spec names', () => {
    const key = 'arn:aws:kms:eu-west-1:0123456789012:key/1';
    const encrypted = clusterTopology(
      seedCluster({ controlPlane: { etcd: { mainVolume: { sizeGiB: 10, kmsKeyARN: key } } } }),
      release(),
    );
    expect(all(encrypted, 'etcd-volume').map((volume) => volume.properties.kmsKeyId)).toEqual([key, key, key]);
    expect(all(cluster, 'etcd-volume').map((volume) => volume.properties.emptyDisk)).toEqual(
      Array(3).fill('bootstrap'),
    );
  });

  test('is a graph without cycles, and spreads three replicas, over one to three subnets', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...SUBNETS), { minLength: 1, maxLength: 3 }), (subnetIDs) => {
        const resources = clusterTopology(seedCluster({ controlPlane: { subnetIDs } }), release());
        expect(orderedTopology(resources)).toHaveLength(resources.length);
        const used = all(resources, 'network-interface').map((one) => one.properties.subnetId);
        expect(used).toHaveLength(3);
        expect(new Set(used)).toEqual(new Set(subnetIDs));
        const zones = all(resources, 'etcd-volume').map((one) => one.properties.availabilityZone);
        expect(zones).toEqual(used.map((subnetId) => ({ ref: 'preflight', output: `zone/${subnetId}` })));
      }),
    );
  });

  test('is the same data each time', () => {
    expect(JSON.stringify(clusterTopology(seedCluster(), release()))).toBe(JSON.stringify(cluster));
  });
});

describe('the topology of the seed’s node pool', () => {
  test('tells the seed’s events word for word', () => {
    expect(pool.flatMap((resource) => (resource.event === undefined ? [] : [resource.event]))).toEqual([
      { reason: 'StartedNodePoolProvisioning', message: ['Started node pool provisioning'] },
      {
        reason: 'CreatedLaunchTemplate',
        message: [`Created launch template named "${ID}-nodepool-${POOL_ID}-${VERSION}"`],
      },
      { reason: 'CreatedAutoScalingGroup', message: [`Created auto scaling group named "${ID}-nodepool-${POOL_ID}"`] },
      { reason: 'ProvisionedNodePool', message: ['Node pool provisioned'] },
    ]);
  });

  test('starts machines without waiting for the control plane, and waits with what talks to it', () => {
    expect(ancestors(pool, `auto-scaling-group/nodepool-${POOL_ID}`).has('control-plane/ready')).toBe(false);
    expect(ancestors(pool, `join-token/${POOL_ID}`).has('control-plane/ready')).toBe(true);
    expect(ancestors(pool, `nodes/${POOL_ID}`).has(`auto-scaling-group/nodepool-${POOL_ID}`)).toBe(true);
  });

  test('refers to nothing of its cluster but what network/ready stands for', () => {
    const own = new Set(pool.map((resource) => resource.key));
    const outside = new Set(pool.flatMap(needsOf).filter((key) => !own.has(key)));
    expect([...outside].sort()).toEqual([...CLUSTER_OUTPUTS_FOR_POOLS].sort());
    expect(orderedTopology(pool, CLUSTER_OUTPUTS_FOR_POOLS)).toHaveLength(pool.length);
  });

  test('labels its nodes with the pool, whatever labels the user gave', () => {
    const labelled = nodePoolTopology(seedPool({ spec: { labels: { tier: 'web' } } }), seedCluster(), release());
    const template = all(labelled, 'launch-template')[0];
    expect(template?.properties.userData.configuration).toMatchObject({
      labels: { tier: 'web', 'slipway.dev/node-pool': POOL_ID },
    });
  });
});

describe('the size of a node pool', () => {
  const sizesOf = (spec: object) => {
    const resources = nodePoolTopology(seedPool({ spec }), seedCluster(), release());
    return {
      desired: all(resources, 'auto-scaling-group')[0]?.properties.desired,
      expected: all(resources, 'nodes')[0]?.properties.expected,
      demand: all(resources, 'preflight')[0]?.properties.demand?.map(({ machines, addresses }) => [
        machines,
        addresses,
      ]),
    };
  };

  test('is nobody’s to hold where the spec counts no nodes: its minimum is made room for and waited for', () => {
    expect(sizesOf({})).toEqual({ desired: undefined, expected: 3, demand: [[3, 3]] });
  });

  test('is what the spec counts, of which as many are made room for and waited for', () => {
    expect(sizesOf({ nodeCount: 5 })).toEqual({ desired: 5, expected: 5, demand: [[5, 5]] });
    expect(sizesOf({ minNodeCount: 0, nodeCount: 0 })).toEqual({ desired: 0, expected: 0, demand: [[0, 0]] });
  });
});

describe('a topology that cannot be carried out', () => {
  const milestone = (key: string, needs: readonly string[] = []): Resource => ({
    key,
    kind: 'milestone',
    properties: {},
    needs,
  });

  test('is refused when a key occurs twice', () => {
    expect(() => orderedTopology([milestone('a'), milestone('a')])).toThrow('names a twice');
  });
  test('is refused when something needed is missing', () => {
    expect(() => orderedTopology([milestone('a', ['b'])])).toThrow('a needs b, which is not part of it');
  });
  test('is refused when it runs in a circle', () => {
    expect(() => orderedTopology([milestone('a', ['b']), milestone('b', ['a']), milestone('c')])).toThrow(
      'has a cycle among a, b',
    );
  });
});
