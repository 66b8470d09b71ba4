/**
 * The seed's cluster with its three node pools, for tests that make, look at and remove it all in AWS.
 *
 * Owns: the objects, their topologies, what a worker sees of them, and the plan that makes a pool. Neighbour: `account.ts` is the account itself.
 */
import type { Aws } from '../../../activities/aws/resources.ts';
import { nodePoolIdOf } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Found } from '../../../kinds/resource.ts';
import { planEnsure } from '../../../policy/ensure.ts';
import type { Inventory, Plan } from '../../../policy/plan.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import { nodePoolTopology } from '../../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS, PREFLIGHT } from '../../../words/keys.ts';
import { release, SUBNETS, seedCluster, seedPool } from '../../topology/objects.ts';
import { CLUSTER_ID } from './account.ts';

const cluster = seedCluster();

export const topology = clusterTopology(cluster, release());

export const VPC = cluster.spec.networking.vpcID;

export const pools = [0, 1, 2].map((index) => {
  const uid = `2c1e7a30-5d0f-4a55-9d0e-00000000001${index}`;
  const name = `cluster-0-pool-${index}`;
  const pool = seedPool({ metadata: { name, uid }, spec: { subnetID: SUBNETS[index] ?? SUBNETS[0] } });
  const object: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name, uid };
  return { name, object, poolId: nodePoolIdOf(uid), topology: nodePoolTopology(pool, cluster, release()) };
});

/** Nothing of it was there when it was planned. */
export const FRESH = { fresh: true, provisioned: false, live: false };

export type Standing = { readonly clusterGoes?: boolean; readonly isNew?: boolean };

export const observe = (aws: Aws, object: ObjectRef, standing: Standing = {}): Promise<Inventory> =>
  aws.observe(
    { object, clusterId: CLUSTER_ID, vpcId: VPC, subnetIds: SUBNETS, ...standing },
    new AbortController().signal,
  );

/** How a pool is made by who sees this of it and of its cluster. */
export const planOfPool = (pool: (typeof pools)[number], seen: readonly Found[]): Plan => {
  const external = Object.fromEntries(
    seen.filter((one) => CLUSTER_OUTPUTS_FOR_POOLS.includes(one.key)).map((one) => [one.key, one.outputs]),
  );
  const own = seen.filter((one) => one.key === PREFLIGHT);
  return planEnsure(pool.topology, own, { ...FRESH, external }).plan;
};
