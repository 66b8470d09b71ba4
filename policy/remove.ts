/**
 * Remove: the plan that takes everything away again, by inventory and in reverse.
 *
 * Owns: which things go, and the order of their going: what is there need not be what a topology would make today, so only the
 * inventory counts. Neighbours: a kind's row says what has to be gone before it and by what it is found; node pools with an object
 * of their own are removed by their own entities, which the cluster's plan asks for and awaits.
 * Invariants: I3 (the finalizer goes last, after two empty inventories), I4 (only what the inventory found as ours),
 * I7 (all of it), I10 (sorted).
 */
import { type Found, type Going, idOf, observedState, rowOf } from '../kinds/resource.ts';
import type { Removal } from '../kinds/row.ts';
import {
  ACCOUNT_EMPTY,
  ACCOUNT_SETTLED,
  ALL_NODE_POOLS,
  CLOUD_LOAD_BALANCERS,
  drainKey,
  FINALIZER_KEY,
  joinTokenKey,
  machineInKey,
  poolOfKey,
  type ResourceKey,
} from '../words/keys.ts';
import { PLAN_VERSION, stepId } from '../words/steps.ts';
import { orderedSteps } from './order.ts';
import type { Plan, RemoveStep, Step, WaitStep } from './plan.ts';
import { removeStep, waitStep } from './steps.ts';

export type RemoveRequest = {
  readonly inventory: readonly Found[];
  readonly settleSeconds: number;
  readonly subject:
    | { readonly kind: 'AWSCluster'; readonly clusterName: string }
    | {
        readonly kind: 'AWSNodePool';
        readonly poolId: string;
        /** The cluster lives, so its API can be asked to forget the pool's token: where it is, if that is known. */
        readonly living?: { readonly endpoint?: string };
        /** Its nodes are to leave in order: how long that may take, and whose they are. */
        readonly drain?: { readonly seconds: number; readonly clusterName: string };
      };
};

const WAIT_POOLS = stepId('wait', ALL_NODE_POOLS);

/** One thing to take away. */
type Removed = { readonly going: Going; readonly found?: Found };

const removalOf = (found: Found): Removal<unknown, object> | undefined =>
  rowOf(found.kind).removal as Removal<unknown, object> | undefined;

const goingOf = (found: Found): Removed[] => {
  const removal = removalOf(found);
  if (removal === undefined) return [];
  const going = { key: found.key, kind: found.kind, properties: removal.identity(found) } as Going;
  return [{ going, found }];
};

const needsOfRemoval = ({ going }: Removed, others: readonly RemoveStep[], withPools: boolean): string[] => {
  const removal = rowOf(going.kind).removal;
  if (removal === undefined) return [];
  const pool = poolOfKey(going.key);
  const earlier = others.filter(
    ({ resource: other }) =>
      removal.after.includes(other.kind) &&
      (removal.of !== 'the same machine' || machineInKey(other.key) === machineInKey(going.key)) &&
      // A pool's token concerns its own machines only.
      (pool === undefined || poolOfKey(other.key) === pool) &&
      (removal.of !== 'the cluster' || poolOfKey(other.key) === undefined),
  );
  const waits = removal.afterPools === true && withPools && pool === undefined;
  return [...earlier.map(({ id }) => id), ...(waits ? [WAIT_POOLS] : [])];
};

const livingPools = (inventory: readonly Found[]): readonly string[] => {
  const pools = inventory.find((found) => found.key === ALL_NODE_POOLS);
  return pools === undefined ? [] : observedState('node-pools', pools).poolIds;
};

/** What this plan takes away: a pool's own things; or the cluster's, and those of pools that have no object any more. */
const ownFound = (request: RemoveRequest): Found[] => {
  const { subject, inventory } = request;
  const living = livingPools(inventory);
  return inventory.filter((found) => {
    const pool = poolOfKey(found.key);
    if (subject.kind === 'AWSCluster') return pool === undefined || !living.includes(pool);
    return pool === subject.poolId && (subject.living !== undefined || found.kind !== 'join-token');
  });
};

/** What no inventory shows. */
const unseen = ({ subject }: RemoveRequest, seen: readonly Removed[]): Removed[] => {
  const isSeen = (key: ResourceKey): boolean => seen.some(({ going }) => going.key === key);
  if (subject.kind === 'AWSNodePool') {
    // As long as the cluster lives, it is asked to forget this token.
    const key = joinTokenKey(subject.poolId);
    if (subject.living === undefined || isSeen(key)) return [];
    return [{ going: { key, kind: 'join-token', properties: { poolId: subject.poolId, ...subject.living } } }];
  }
  // Running controllers may make another one at any moment until they are gone.
  const replicas = seen.some(({ going }) => going.kind === 'auto-scaling-group');
  return replicas && !isSeen(CLOUD_LOAD_BALANCERS)
    ? [{ going: { key: CLOUD_LOAD_BALANCERS, kind: 'cloud-load-balancers', properties: {} } }]
    : [];
};

/** Of things that share a key, which an interrupted create never makes but people may, each has a step of its own. */
const withIds = (removed: readonly Removed[]): readonly RemoveStep[] => {
  const count = (key: ResourceKey): number => removed.filter(({ going }) => going.key === key).length;
  return removed.map(({ going, found }) => {
    const which = found === undefined ? undefined : idOf(found);
    return removeStep(going, [], found, count(going.key) > 1 ? which : undefined);
  });
};

const poolSteps = (clusterName: string): Step[] => {
  const remove = removeStep({ key: ALL_NODE_POOLS, kind: 'node-pools', properties: {} }, []);
  return [remove, waitStep({ key: ALL_NODE_POOLS, kind: 'node-pools', properties: { clusterName } }, [remove.id])];
};

/** Before its machines end: of all nodes at once, however many. */
const drainSteps = ({ subject }: RemoveRequest): WaitStep[] => {
  if (subject.kind === 'AWSCluster') return [];
  const { poolId, living, drain } = subject;
  if (living?.endpoint === undefined || drain === undefined) return [];
  const { endpoint } = living;
  const { seconds, clusterName } = drain;
  const properties = { endpoint, of: { poolId }, seconds, unlessClusterGoes: { clusterName } };
  return [waitStep({ key: drainKey(poolId), kind: 'drain', properties }, [])];
};

const emptyAccount = (key: ResourceKey, settleSeconds: number, needs: readonly string[]): Step =>
  waitStep({ key, kind: 'account', properties: { settleSeconds } }, needs);

/** Everything away, then proof that nothing is left, then the finalizer. */
export const planRemove = (request: RemoveRequest): Plan => {
  const { subject, settleSeconds } = request;
  const seen = ownFound(request).flatMap(goingOf);
  const withPools = subject.kind === 'AWSCluster';
  const steps = withIds([...seen, ...unseen(request, seen)]);
  const drains = seen.some(({ going }) => going.kind === 'auto-scaling-group') ? drainSteps(request) : [];
  const drained = drains.map(({ id }) => id);
  const removals = steps.map((step): Step => {
    const needs = needsOfRemoval({ going: step.resource }, steps, withPools);
    return { ...step, needs: step.resource.kind === 'auto-scaling-group' ? [...needs, ...drained] : needs };
  });
  const all = [...(withPools ? poolSteps(subject.clusterName) : []), ...drains, ...removals];
  // Two looks, each a step of its own: the second when AWS has settled since the first.
  const empty = emptyAccount(
    ACCOUNT_EMPTY,
    0,
    all.map(({ id }) => id),
  );
  const stillEmpty = emptyAccount(ACCOUNT_SETTLED, settleSeconds, [empty.id]);
  const finalizer = removeStep({ key: FINALIZER_KEY, kind: 'finalizer', properties: {} }, [stillEmpty.id]);
  return { version: PLAN_VERSION, steps: orderedSteps([...all, empty, stillEmpty, finalizer]), known: {} };
};
