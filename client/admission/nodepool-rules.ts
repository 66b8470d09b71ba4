/**
 * Rules for node pools: what an AWSNodePool must not be beside its cluster or beside the catalogue.
 *
 * Owns: the judgement; pure. What is asked for is compared with what is asked for: whether the cluster runs that version
 * yet is for `policy/` to wait for, so that one commit may change both. A cluster that isn't there yet forbids nothing.
 * Neighbours: `cluster-rules.ts`; `judge.ts` fetches the cluster.
 */
import { nodePoolFieldsWithoutEffect } from '../../api/effects.ts';
import { podProblem } from '../../api/pod-ranges.ts';
import { type Release, releaseOf, unknownVersion } from '../../api/releases.ts';
import { skewProblem } from '../../api/skew.ts';
import { keyRefusal, substitution } from './cluster-rules.ts';
import { type Judgement, type Refusal, refused } from './judgement.ts';
import type { OtherCluster, OtherNodePool, ReviewedNodePool } from './objects.ts';

export type NodePoolChange = {
  readonly pool: ReviewedNodePool;
  /** Absent when it is created, and when what was stored can't be read. */
  readonly before: ReviewedNodePool | undefined;
  /** The cluster that it names. */
  readonly cluster: OtherCluster | undefined;
  /** Node pools of that cluster, itself among them perhaps. */
  readonly siblings: readonly OtherNodePool[];
  readonly catalogue: readonly Release[];
};

const VERSION = 'spec.version';

const changesVersion = ({ pool, before }: NodePoolChange): boolean => before?.spec.version !== pool.spec.version;

const versionRefusals = (change: NodePoolChange): Refusal[] => {
  const { pool, cluster, catalogue } = change;
  if (!changesVersion(change)) return [];
  const { version } = pool.spec;
  const release = releaseOf(version, catalogue);
  if (release === undefined) {
    const { reason, cure } = unknownVersion(version, catalogue);
    return [refused(VERSION, reason, cure)];
  }
  const asked = cluster?.spec.controlPlane.version;
  const its = asked === undefined ? undefined : releaseOf(asked, catalogue);
  const problem = its === undefined ? undefined : skewProblem(its.kubernetes, release.kubernetes);
  if (problem === undefined || its === undefined) return [];
  const what = `${version} does not go with AWSCluster ${pool.spec.clusterName} of version ${its.version}: ${problem}`;
  return [refused(VERSION, what, `set it to ${its.version}, or change the version of the cluster first`)];
};

const regionRefusals = ({ pool, before, cluster }: NodePoolChange): Refusal[] => {
  const its = cluster?.spec.region;
  const { region, clusterName } = pool.spec;
  if (before !== undefined || its === undefined || its === region) return [];
  return [
    refused('spec.region', `${region} is not the region of AWSCluster ${clusterName}, ${its}`, `set it to ${its}`),
  ];
};

/** What makes more nodes, or more Pods on each. */
export const asksForRoom = (pool: ReviewedNodePool, before: ReviewedNodePool | undefined): boolean =>
  before === undefined ||
  pool.spec.maxNodeCount > before.spec.maxNodeCount ||
  pool.spec.maxPodsPerNode > before.spec.maxPodsPerNode;

const podRefusals = ({ pool, before, cluster, siblings }: NodePoolChange): Refusal[] => {
  const [range] = cluster?.spec.networking.podAddressCIDRBlocks ?? [];
  if (range === undefined || !asksForRoom(pool, before)) return [];
  const others = siblings
    .filter(({ metadata }) => metadata.name !== pool.metadata.name && metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec }) => ({ name: metadata.name, ...spec }));
  const found = podProblem(range, { name: pool.metadata.name, ...pool.spec }, others);
  return found === undefined ? [] : [refused(`spec.${found.field}`, found.problem, found.cure)];
};

const taintRefusals = ({ pool }: NodePoolChange): Refusal[] =>
  pool.spec.taints.flatMap(({ key, effect }, index) => {
    const first = pool.spec.taints.findIndex((taint) => taint.key === key && taint.effect === effect);
    if (first === index) return [];
    const what = `${key} with effect ${effect} is in spec.taints[${first}] already, and no node may have both`;
    return [refused(`spec.taints[${index}]`, what, 'remove one of them')];
  });

const keyRefusals = ({ pool }: NodePoolChange): Refusal[] => {
  const { kmsKeyARN } = pool.spec.rootVolume;
  return kmsKeyARN === undefined ? [] : keyRefusal('spec.rootVolume.kmsKeyARN', kmsKeyARN, pool.spec.region);
};

const warningsOf = (change: NodePoolChange): string[] => {
  const { pool, before, cluster, catalogue } = change;
  const { spec, metadata } = pool;
  const name = `AWSCluster ${metadata.namespace}/${spec.clusterName}`;
  const known = new Set(before === undefined ? [] : nodePoolFieldsWithoutEffect(before.spec).map(({ field }) => field));
  const its = cluster === undefined ? 'does not exist' : 'is being deleted';
  const waits = cluster === undefined || cluster.metadata.deletionTimestamp !== undefined;
  return [
    ...(changesVersion(change) ? substitution(VERSION, spec.version, catalogue) : []),
    ...(before === undefined && waits
      ? [`spec.clusterName: ${name} ${its}, so nothing is built until it is there`]
      : []),
    ...nodePoolFieldsWithoutEffect(spec)
      .filter(({ field }) => !known.has(field))
      .map(({ field, meaning }) => `${field} has no effect yet: ${meaning}`),
  ];
};

export const judgeNodePool = (change: NodePoolChange): Judgement => ({
  refusals: [
    ...versionRefusals(change),
    ...regionRefusals(change),
    ...podRefusals(change),
    ...taintRefusals(change),
    ...keyRefusals(change),
  ],
  warnings: warningsOf(change),
});
