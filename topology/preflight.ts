/**
 * Preflight's share of a topology: everything that an object takes for granted in the account, with the field that says so.
 *
 * Owns: which facts are looked at for a cluster and for a pool, by which field each is named, which of those can't be
 * changed later, and how much room it takes. Neighbours: `activities/aws/preflight.ts` looks and judges; `cluster.ts` and
 * `nodepool.ts` put the resource before everything that changes AWS (I3).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { IMAGE_ARCHITECTURE, type Release } from '../api/releases.ts';
import { BALANCER_SUBNETS, type NamedValue, type SubnetDemand, zoneOutput } from '../kinds/preflight.ts';
import type { Resource, ResourceEvent, ResourceOf } from '../kinds/resource.ts';
import { PREFLIGHT } from '../words/keys.ts';
import { ref } from '../words/references.ts';
import { subnetOfReplica } from './replica.ts';
import { hasBalancerGroup, nodesAskedFor, REPLICAS, unique } from './values.ts';

type About = NamedValue['about'];

/** `fixed`: the API server refuses to change the field. */
const named = (about: About, field: string, value: string | undefined, fixed = false): NamedValue[] =>
  value === undefined ? [] : [{ about, field, value, ...(fixed ? { fixed } : {}) }];

const listed = (about: About, field: string, values: readonly string[], fixed = false): NamedValue[] =>
  values.flatMap((value, index) => named(about, `${field}[${index}]`, value, fixed));

/** An established cluster lives in its ranges: what the VPC was given since is no reason to leave it unmended. */
const rangeFields = ({ spec, status }: AWSCluster): NamedValue[] => {
  const { podAddressCIDRBlocks, serviceAddressCIDRBlocks } = spec.networking;
  if (status?.established === true) return [];
  return [
    ...listed('range', 'spec.networking.podAddressCIDRBlocks', podAddressCIDRBlocks, true),
    ...listed('range', 'spec.networking.serviceAddressCIDRBlocks', serviceAddressCIDRBlocks, true),
  ];
};

/** An established cluster has long had its own: what became of it is no reason to leave the cluster unmended. */
const membershipOf = ({ spec, status }: AWSCluster): { readonly membershipName?: string } => {
  const name = spec.controlPlane.hub?.membershipName;
  return name === undefined || status?.established === true ? {} : { membershipName: name };
};

const clusterFields = (cluster: AWSCluster): NamedValue[] => {
  const { controlPlane, networking } = cluster.spec;
  return [
    ...named('vpc', 'spec.networking.vpcID', networking.vpcID, true),
    ...rangeFields(cluster),
    ...listed('subnet', 'spec.controlPlane.subnetIDs', controlPlane.subnetIDs, true),
    ...listed('subnet', BALANCER_SUBNETS, networking.serviceLoadBalancerSubnetIDs),
    ...listed('group', 'spec.controlPlane.securityGroupIDs', controlPlane.securityGroupIDs),
    ...named('membership', 'spec.controlPlane.hub.membershipName', membershipOf(cluster).membershipName, true),
    ...named('keyPair', 'spec.controlPlane.keyName', controlPlane.keyName),
    ...named('profile', 'spec.controlPlane.iamInstanceProfile', controlPlane.iamInstanceProfile),
    ...named('key', 'spec.controlPlane.databaseEncryption.kmsKeyARN', controlPlane.databaseEncryption.kmsKeyARN, true),
    ...named('key', 'spec.controlPlane.rootVolume.kmsKeyARN', controlPlane.rootVolume.kmsKeyARN),
    ...named('key', 'spec.controlPlane.etcd.mainVolume.kmsKeyARN', controlPlane.etcd.mainVolume.kmsKeyARN, true),
    ...named('instanceType', 'spec.controlPlane.instanceType', controlPlane.instanceType),
  ];
};

/** Fields of the pool, and those of its cluster, which the pool's object can't correct. */
const poolFields = ({ spec }: AWSNodePool, cluster: AWSCluster): NamedValue[] => {
  const { networking, controlPlane } = cluster.spec;
  const its = (field: string): string => `${field} of AWSCluster ${cluster.metadata.name}`;
  const encryption = its('spec.controlPlane.databaseEncryption.kmsKeyARN');
  return [
    ...named('vpc', its('spec.networking.vpcID'), networking.vpcID, true),
    ...named('subnet', 'spec.subnetID', spec.subnetID, true),
    ...listed('group', 'spec.securityGroupIDs', spec.securityGroupIDs),
    ...named('keyPair', 'spec.keyName', spec.keyName),
    ...named('profile', 'spec.iamInstanceProfile', spec.iamInstanceProfile),
    ...named('key', encryption, controlPlane.databaseEncryption.kmsKeyARN, true),
    ...named('key', 'spec.rootVolume.kmsKeyARN', spec.rootVolume.kmsKeyARN),
    ...named('instanceType', 'spec.instanceType', spec.instanceType),
  ];
};

const valuesAbout = (fields: readonly NamedValue[], about: About): string[] =>
  unique(fields.filter((field) => field.about === about).map((field) => field.value));

/** A replica has the interface of its machine and the one that outlives it; the load balancer has one in each subnet. */
const clusterDemand = (cluster: AWSCluster): SubnetDemand[] =>
  unique(cluster.spec.controlPlane.subnetIDs).map((subnetId) => {
    const machines = REPLICAS.filter((index) => subnetOfReplica(cluster, index) === subnetId).length;
    return { subnetId, machines, addresses: 2 * machines + 1 };
  });

/** Told with each operation that runs without a third zone to lose. */
const fewZones = (cluster: AWSCluster): { readonly event?: ResourceEvent } => {
  const subnetIds = unique(cluster.spec.controlPlane.subnetIDs);
  if (subnetIds.length >= REPLICAS.length) return {};
  const zones = subnetIds.flatMap((id, index) => [...(index === 0 ? [] : [', ']), ref(PREFLIGHT, zoneOutput(id))]);
  return {
    event: {
      type: 'Warning',
      reason: 'FewerThanThreeZones',
      message: [
        'spec.controlPlane.subnetIDs spreads three replicas over fewer than three availability zones (',
        ...zones,
        '): etcd loses its quorum with the zone that has most of them. Subnets cannot be added later',
      ],
    },
  };
};

type Preflight = ResourceOf<'preflight'>;

const preflight = (
  fields: readonly NamedValue[],
  own: Pick<Preflight['properties'], 'keyName' | 'instanceType' | 'demand'>,
  more: Partial<Preflight['properties']>,
  release: Release,
): Preflight['properties'] => ({
  vpcId: valuesAbout(fields, 'vpc')[0] ?? '',
  subnetIds: valuesAbout(fields, 'subnet'),
  securityGroupIds: valuesAbout(fields, 'group'),
  instanceProfiles: valuesAbout(fields, 'profile'),
  kmsKeyArns: valuesAbout(fields, 'key'),
  architecture: IMAGE_ARCHITECTURE,
  version: release.version,
  fields,
  ...own,
  ...more,
});

export const clusterPreflight = (cluster: AWSCluster, release: Release): Resource => {
  const { keyName, instanceType, subnetIDs } = cluster.spec.controlPlane;
  return {
    key: PREFLIGHT,
    kind: 'preflight',
    properties: preflight(
      clusterFields(cluster),
      { keyName, instanceType, demand: clusterDemand(cluster) },
      {
        zonalSubnetIds: unique(subnetIDs),
        loadBalancer: true,
        securityGroups: hasBalancerGroup(release) ? 3 : 2,
        ...membershipOf(cluster),
      },
      release,
    ),
    ...fewZones(cluster),
  };
};

export const poolPreflight = (pool: AWSNodePool, cluster: AWSCluster, release: Release): Resource => {
  const { keyName, instanceType, subnetID } = pool.spec;
  const nodes = nodesAskedFor(pool.spec);
  const demand = [{ subnetId: subnetID, machines: nodes, addresses: nodes }];
  return {
    key: PREFLIGHT,
    kind: 'preflight',
    properties: preflight(poolFields(pool, cluster), { keyName, instanceType, demand }, {}, release),
  };
};
