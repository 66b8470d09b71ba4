/**
 * Pool order: whose turn it is among the node pools of a cluster that replaces machines of one pool at a time.
 *
 * Owns: that rule, from what the pools' own statuses say. Neighbours: `decide-pool-machines.ts` asks before a turn begins; a pool that has
 * to wait looks again by itself. Pure.
 *
 * Nobody holds a lock, which a pool that is lost would keep. Of two whose rollouts are open the one that began first goes on, and where
 * both of them changed at the same time the one whose name comes first begins: so two may have a turn at once where they begin within the
 * same second, and never wait for each other.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { Rollout, State } from '../api/status.ts';
import { wasProvisioned } from './facts.ts';

/** Another node pool, as far as it matters here; read without being judged. */
export type Sibling = {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
  };
  readonly status?: {
    readonly state?: State;
    readonly observedGeneration?: number;
    readonly rollout?: Rollout;
  };
};

export const isSequential = ({ spec }: AWSCluster): boolean => spec.nodePoolUpdates === 'Sequential';

const openRollout = ({ status }: Pick<Sibling, 'status'>): Rollout | undefined => {
  const { rollout } = status ?? {};
  return rollout?.type === 'UpdateNodePool' || rollout?.type === 'UpgradeNodePool' ? rollout : undefined;
};

const orderOf = (name: string, { startedAt }: Rollout): string => `${startedAt} ${name}`;

/** Somebody changed it, and its entity has not looked since. */
const isAboutToBeLookedAt = ({ metadata, status }: Sibling): boolean =>
  (status?.observedGeneration ?? metadata.generation) < metadata.generation;

const goesFirst = (other: Sibling, pool: AWSNodePool): boolean => {
  const [its, own] = [openRollout(other), openRollout(pool)];
  const { name } = pool.metadata;
  if (its !== undefined) return own === undefined || orderOf(other.metadata.name, its) < orderOf(name, own);
  return own === undefined && other.metadata.name < name && isAboutToBeLookedAt(other);
};

/** Why machines of this pool are not replaced now: another one comes first. Undefined where it is this one's turn. */
export const whyOthersFirst = (pool: AWSNodePool, siblings: readonly Sibling[] = []): string | undefined => {
  const first = siblings
    .filter(({ metadata }) => metadata.uid !== pool.metadata.uid && metadata.deletionTimestamp === undefined)
    .filter((other) => wasProvisioned(other) && goesFirst(other, pool))
    .map(({ metadata }) => metadata.name)
    .sort()[0];
  return first === undefined
    ? undefined
    : `AWSNodePool ${pool.metadata.namespace}/${first} comes first, since the cluster's spec.nodePoolUpdates is Sequential`;
};
