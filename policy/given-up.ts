/**
 * Given up: what becomes of a node pool's rollout that somebody aborts.
 *
 * Owns: what its turns leave between two of them (nodes that are closed to be drained, and what the group was raised by), as an operation
 * that takes it back; and what a pool is asked for while an upgrade returns. A turn that runs has its own way back, in its plan. Neighbours: `pool-turns.ts` plans turns, `decide-nodepool.ts` asks; the entity runs it where an abort finds no turn running.
 * Pure. Invariants: I2 (planned from what is there: where nothing is left there is no such operation).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { Found } from '../kinds/resource.ts';
import { surgeKey } from '../words/keys.ts';
import type { OperationType } from '../words/operations.ts';
import { openingSteps } from './going-machine.ts';
import type { Due } from './operation.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import type { PoolMachines } from './pool-machines.ts';
import { ofVersion } from './pool-version.ts';
import type { Turn } from './rollout.ts';
import { groupOf } from './shrink.ts';
import { removeStep } from './steps.ts';

type Left = {
  readonly pool: AWSNodePool;
  readonly inventory: readonly Found[];
  /** Undefined where nobody looked at them: then nothing asked for turns either. */
  readonly machines: PoolMachines | undefined;
  /** Where the cluster's API is. */
  readonly endpoint: string | undefined;
};

const stepsBack = ({ pool, inventory, machines, endpoint }: Left): readonly Step[] => {
  const group = groupOf(pool, inventory);
  if (machines === undefined || group === undefined || endpoint === undefined) return [];
  const poolId = nodePoolIdFor(pool);
  const opening = openingSteps(
    machines.machines.filter(({ node }) => node?.closedBy === 'slipway'),
    endpoint,
  );
  if (group.surge === undefined) return opening;
  // Of those that it is too large by, whoever does not serve yet goes first.
  const besides = machines.machines.flatMap(({ id, node }) => (node?.ready === true ? [id] : [])).sort();
  const { drainSeconds } = pool.spec.updateSettings;
  const properties = { endpoint, poolId, groupName: group.name, besides, drainSeconds };
  const lowering = removeStep(
    { key: surgeKey(poolId), kind: 'surge', properties },
    opening.map(({ id }) => id),
  );
  return orderedSteps([...opening, lowering]);
};

/** What is to be done where the rollout of this type is given up before its next turn begins; undefined where nothing is left of it. */
export const givingUp = (
  left: Left,
  { type, plan, turn }: { readonly type: OperationType; readonly plan: Plan; readonly turn?: Turn },
): Due | undefined => {
  const steps = stepsBack(left);
  if (steps.length === 0) return undefined;
  const { version, known } = plan;
  return { type, plan: { version, known, steps }, givesUp: true, ...(turn === undefined ? {} : { turn }) };
};

/** The same of a cluster: while its upgrade returns it is asked for what it came from. */
export const returnedCluster = (cluster: AWSCluster, generation: number | undefined): AWSCluster => {
  const { metadata, status, spec } = cluster;
  if (metadata.generation !== generation || status?.revision === undefined) return cluster;
  return { ...cluster, spec: { ...spec, controlPlane: { ...spec.controlPlane, version: status.revision.version } } };
};

/**
 * The pool as it is asked for while the upgrade returns that was aborted in this generation: of the version that its status has pinned,
 * since another one is pinned only once an upgrade has come to its end. A newer spec is a new order.
 */
export const returned = (pool: AWSNodePool, generation: number | undefined): AWSNodePool => {
  const { metadata, status } = pool;
  if (metadata.generation !== generation || status?.revision === undefined) return pool;
  return ofVersion(pool, status.revision.version);
};
