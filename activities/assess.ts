/**
 * Assess: read the object, observe the account, and let the pure functions decide what its entity does next.
 *
 * Owns: which facts are gathered, and in which order, so that nothing is looked at in AWS for an object that doesn't need
 * it. Neighbours: `policy/` decides, `inventory.ts` observes, the entity acts on the answer.
 * Invariants: I6 (reads only), I12 (what could not be read is an error or `blocked`, never absence).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { clusterIdOf, entityWorkflowId } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectRef } from '../api/object.ts';
import { decideCluster, judgeCluster } from '../policy/decide-cluster.ts';
import { decideNodePool, judgeNodePool } from '../policy/decide-nodepool.ts';
import type { Served } from '../policy/facts.ts';
import type { Inventory } from '../policy/plan.ts';
import type { Assessment, AssessRequest } from './contract.ts';
import { verdictOf } from './verdicts.ts';

/** What to observe: everything of one cluster id, its node pools' own things included. */
export type ObserveRequest = {
  readonly object: ObjectRef;
  readonly region: string;
  readonly clusterId: string;
  readonly clusterUid: string;
  readonly clusterName: string;
  /** The VPC and the subnets that the spec names, of which address range and zones are wanted. */
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  /** Subnets that may carry the cluster's tag. */
  readonly taggedSubnetIds: readonly string[];
  /** `projects/P/locations/global/memberships/NAME` */
  readonly membership?: string;
};

export type AssessSources = {
  readonly served: (signal: AbortSignal) => Promise<Served>;
  readonly settleSeconds: number;
  readonly findCluster: (name: Named, signal: AbortSignal) => Promise<AWSCluster | null>;
  readonly findNodePool: (name: Named, signal: AbortSignal) => Promise<AWSNodePool | null>;
  readonly observe: (request: ObserveRequest, signal: AbortSignal) => Promise<Inventory>;
};

type Named = { readonly namespace: string; readonly name: string };

const observeRequest = (object: ObjectRef, cluster: AWSCluster): ObserveRequest => {
  const { spec, metadata } = cluster;
  return {
    object,
    region: spec.region,
    clusterId: clusterIdOf(metadata.uid),
    clusterUid: metadata.uid,
    clusterName: metadata.name,
    vpcId: spec.networking.vpcID,
    subnetIds: spec.controlPlane.subnetIDs,
    taggedSubnetIds: spec.networking.serviceLoadBalancerSubnetIDs,
    ...(spec.controlPlane.hub === undefined ? {} : { membership: spec.controlPlane.hub.membershipName }),
  };
};

const assessCluster = async (sources: AssessSources, object: ObjectRef, signal: AbortSignal): Promise<Assessment> => {
  const [cluster, worker] = await Promise.all([sources.findCluster(object, signal), sources.served(signal)]);
  const facts = {
    requested: object,
    worker,
    entityId: entityWorkflowId(object),
    settleSeconds: sources.settleSeconds,
    object: cluster,
  };
  const judged = judgeCluster(facts);
  if (judged !== undefined || cluster === null) return judged ?? decideCluster(facts);
  return decideCluster({ ...facts, inventory: await sources.observe(observeRequest(object, cluster), signal) });
};

/** A pool that outlives its cluster's object is still removed, by the cluster id that its status has pinned. */
const poolRequest = (object: ObjectRef, pool: AWSNodePool, cluster: AWSCluster | null): ObserveRequest => {
  const pinned = pool.status?.clusterID;
  if (cluster !== null && (pinned === undefined || pinned === clusterIdOf(cluster.metadata.uid))) {
    const request = observeRequest(object, cluster);
    return { ...request, subnetIds: [...new Set([...request.subnetIds, pool.spec.subnetID])].sort() };
  }
  return {
    object,
    region: pool.spec.region,
    clusterId: pinned ?? 'none',
    clusterUid: 'none',
    clusterName: pool.spec.clusterName,
    subnetIds: [],
    taggedSubnetIds: [],
  };
};

const assessNodePool = async (sources: AssessSources, object: ObjectRef, signal: AbortSignal): Promise<Assessment> => {
  const [pool, worker] = await Promise.all([sources.findNodePool(object, signal), sources.served(signal)]);
  const cluster =
    pool === null
      ? null
      : await sources.findCluster({ namespace: object.namespace, name: pool.spec.clusterName }, signal);
  const facts = {
    requested: object,
    worker,
    entityId: entityWorkflowId(object),
    settleSeconds: sources.settleSeconds,
    object: pool,
    cluster,
  };
  const judged = judgeNodePool(facts);
  if (judged !== undefined || pool === null) return judged ?? decideNodePool(facts);
  return decideNodePool({ ...facts, inventory: await sources.observe(poolRequest(object, pool, cluster), signal) });
};

const BLOCKED_CURE = 'Correct what it names; it is looked at again by itself.';

/** The activity. What only a person can cure is an answer, so that it is shown; what waiting cures is thrown. */
export const createAssess =
  (sources: AssessSources) =>
  async ({ object }: AssessRequest, signal: AbortSignal): Promise<Assessment> => {
    try {
      return object.kind === 'AWSCluster'
        ? await assessCluster(sources, object, signal)
        : await assessNodePool(sources, object, signal);
    } catch (error) {
      const { verdict, message } = verdictOf(error);
      if (verdict !== 'blocked') throw error;
      return { kind: 'blocked', generation: 0, reason: message, cure: BLOCKED_CURE };
    }
  };
