/**
 * Rules for clusters: what one AWSCluster alone, beside its node pools or beside the catalogue, must not be.
 *
 * Owns: the judgement; pure. What one object suffices to judge is judged by its CRD, which comes first and refuses with
 * the same words; here is what CEL can't: the catalogue, other objects, keys by region. Overlapping ranges are judged
 * once more, because CRDs may be older than Slipway; the VPC's range is a fact of AWS, which preflight looks at.
 * Neighbours: `nodepool-rules.ts`; `judge.ts` fetches what is asked about.
 */
import { clusterFieldsWithoutEffect } from '../../api/effects.ts';
import { podProblem } from '../../api/pod-ranges.ts';
import { rangesOverlap } from '../../api/ranges.ts';
import { partitionOf } from '../../api/regions.ts';
import { type Release, releaseOf, substituteOf, unknownVersion } from '../../api/releases.ts';
import { skewProblem } from '../../api/skew.ts';
import { type VersionChange, versionChangeProblem } from '../../api/version-change.ts';
import { type Judgement, type Refusal, refused } from './judgement.ts';
import type { OtherNodePool, ReviewedCluster } from './objects.ts';

export type ClusterChange = {
  readonly cluster: ReviewedCluster;
  /** Absent when it is created, and when what was stored can't be read. */
  readonly before: ReviewedCluster | undefined;
  /** Node pools that name the cluster. */
  readonly pools: readonly OtherNodePool[];
  readonly catalogue: readonly Release[];
};

const VERSION = 'spec.controlPlane.version';

/** Whether something is new about a cluster: rules judge what somebody changes, not what was admitted before. */
const changes = <T>({ cluster, before }: ClusterChange, pick: (cluster: ReviewedCluster) => T): boolean =>
  before === undefined || pick(before) !== pick(cluster);

export const changesVersion = (change: ClusterChange): boolean =>
  changes(change, ({ spec }) => spec.controlPlane.version);

const lives = (pool: OtherNodePool): boolean => pool.metadata.deletionTimestamp === undefined;

/** What is committed runs, whatever is pinned; what is on its way and isn't may go back to what it came from. */
const changeOf = (
  status: ClusterChange['cluster']['status'],
  asked: Release,
  catalogue: readonly Release[],
): VersionChange | undefined => {
  if (status?.established !== true || status.revision === undefined) return undefined;
  const { revision, upgrade } = status;
  const to = upgrade === undefined ? undefined : releaseOf(upgrade.to, catalogue);
  if (to === undefined || upgrade?.from !== revision.version) return { running: revision, asked };
  return upgrade.committed ? { running: to, asked } : { running: to, asked, wayBack: revision };
};

/** Before a cluster is established nothing runs that could be upgraded: then any version may be asked for instead. */
const movesRefusals = ({ cluster: { status }, catalogue }: ClusterChange, asked: Release): Refusal[] => {
  const change = changeOf(status, asked, catalogue);
  if (change === undefined) return [];
  const problem = versionChangeProblem(change, catalogue);
  return problem === undefined ? [] : [refused(VERSION, problem.reason, problem.cure)];
};

const versionRefusals = (change: ClusterChange): Refusal[] => {
  const { cluster, pools, catalogue } = change;
  if (!changesVersion(change)) return [];
  const { version } = cluster.spec.controlPlane;
  const release = releaseOf(version, catalogue);
  if (release === undefined) {
    const { reason, cure } = unknownVersion(version, catalogue);
    return [refused(VERSION, reason, cure)];
  }
  const skewed = pools.filter(lives).flatMap((pool) => {
    const its = releaseOf(pool.spec.version, catalogue);
    const problem = its === undefined ? undefined : skewProblem(release.kubernetes, its.kubernetes);
    if (problem === undefined) return [];
    const name = `AWSNodePool ${pool.metadata.name}`;
    const what = `${version} does not go with ${name} of version ${pool.spec.version}: ${problem}`;
    return [refused(VERSION, what, `change the version of ${name} first, or choose another one here`)];
  });
  return [...movesRefusals(change, release), ...skewed];
};

const regionRefusals = (change: ClusterChange): Refusal[] => {
  if (!changes(change, ({ spec }) => spec.region)) return [];
  const { region } = change.cluster.spec;
  return change.pools
    .filter((pool) => lives(pool) && pool.spec.region !== region)
    .map(({ metadata, spec }) =>
      refused(
        'spec.region',
        `${region} is not the region of AWSNodePool ${metadata.name}, ${spec.region}`,
        `set it to ${spec.region}, or delete that node pool`,
      ),
    );
};

const rangeRefusals = ({ cluster }: ClusterChange): Refusal[] => {
  const { podAddressCIDRBlocks: pods, serviceAddressCIDRBlocks: services } = cluster.spec.networking;
  return pods.flatMap((pod) =>
    services
      .filter((service) => rangesOverlap(pod, service))
      .map((service) =>
        refused(
          'spec.networking.podAddressCIDRBlocks',
          `${pod} overlaps ${service} in spec.networking.serviceAddressCIDRBlocks`,
          'choose ranges that have no address in common',
        ),
      ),
  );
};

/** Pools that were applied first have to find room; the range never changes afterwards. */
const podRefusals = ({ cluster, before, pools }: ClusterChange): Refusal[] => {
  const [range] = cluster.spec.networking.podAddressCIDRBlocks;
  if (range === undefined || before !== undefined) return [];
  const asked = pools.filter(lives).map(({ metadata, spec }) => ({ name: metadata.name, ...spec }));
  const found = asked.flatMap((pool) => {
    const others = asked.filter((other) => other !== pool);
    const problem = podProblem(range, pool, others);
    return problem === undefined ? [] : [{ pool, ...problem }];
  })[0];
  if (found === undefined) return [];
  const what = `AWSNodePool ${found.pool.name} finds no room: ${found.problem}`;
  return [refused('spec.networking.podAddressCIDRBlocks', what, found.cure)];
};

const keyRefusals = (change: ClusterChange): Refusal[] => {
  const { region, controlPlane } = change.cluster.spec;
  const keys = [
    ['spec.controlPlane.databaseEncryption.kmsKeyARN', controlPlane.databaseEncryption.kmsKeyARN],
    ['spec.controlPlane.rootVolume.kmsKeyARN', controlPlane.rootVolume.kmsKeyARN],
    ['spec.controlPlane.etcd.mainVolume.kmsKeyARN', controlPlane.etcd.mainVolume.kmsKeyARN],
  ] as const;
  return keys.flatMap(([field, arn]) => (arn === undefined ? [] : keyRefusal(field, arn, region)));
};

/** Shared with node pools, whose root volumes have keys, too. */
export const keyRefusal = (field: string, arn: string, region: string): Refusal[] => {
  const [, partition = 'unknown', , its = 'unknown'] = arn.split(':');
  const cure = `name a key of region ${region}`;
  if (its !== region) return [refused(field, `${arn} is in region ${its}, not in ${region}`, cure)];
  const own = partitionOf(region);
  if (partition === own) return [];
  return [refused(field, `${arn} is in partition ${partition}, and region ${region} is in partition ${own}`, cure)];
};

/** How a release that stands for another Kubernetes is announced, for either kind. */
export const substitution = (field: string, version: string, catalogue: readonly Release[]): string[] => {
  const release = releaseOf(version, catalogue);
  const kubernetes = release === undefined ? undefined : substituteOf(release);
  return kubernetes === undefined ? [] : [`${field}: ${version} stands for Kubernetes ${kubernetes} in this release`];
};

const warningsOf = (change: ClusterChange): string[] => {
  const { cluster, before, catalogue } = change;
  const { spec } = cluster;
  const { version, subnetIDs } = spec.controlPlane;
  const known = new Set(before === undefined ? [] : clusterFieldsWithoutEffect(before.spec).map(({ field }) => field));
  return [
    ...(changesVersion(change) ? substitution(VERSION, version, catalogue) : []),
    ...(before === undefined && subnetIDs.length < 3
      ? [`spec.controlPlane.subnetIDs: fewer than three zones do not survive the loss of one, and none is added later`]
      : []),
    ...clusterFieldsWithoutEffect(spec)
      .filter(({ field }) => !known.has(field))
      .map(({ field, meaning }) => `${field} has no effect yet: ${meaning}`),
  ];
};

export const judgeCluster = (change: ClusterChange): Judgement => ({
  refusals: [
    ...versionRefusals(change),
    ...regionRefusals(change),
    ...rangeRefusals(change),
    ...podRefusals(change),
    ...keyRefusals(change),
  ],
  warnings: warningsOf(change),
});

/** A cluster takes its node pools with it, so one that is protected protects its cluster. */
export const judgeClusterDeletion = (pools: readonly OtherNodePool[]): Judgement => {
  const names = pools
    .filter((pool) => lives(pool) && pool.spec.deletionProtection)
    .map(({ metadata }) => metadata.name);
  if (names.length === 0) return { refusals: [], warnings: [] };
  const which = [...names].sort().join(', ');
  return {
    refusals: [
      refused(
        'spec.deletionProtection',
        `deleting the cluster would delete its node pools, and these are protected against that: ${which}`,
        'set spec.deletionProtection of those node pools to false first',
      ),
    ],
    warnings: [],
  };
};
