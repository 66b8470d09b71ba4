/**
 * Remove: the plan that takes everything away again, by inventory and in reverse.
 *
 * Owns: what has to be gone before what, as one table by kind, because what is there need not be what a topology would
 * make today. Neighbours: `leftovers.ts` stands in where no topology names a thing any more; node pools with an object of
 * their own are removed by their own entities, which the cluster's plan asks for and awaits.
 * Invariants: I3 (the finalizer goes last, after two empty inventories), I4 (only what the inventory found as ours),
 * I7 (all of it), I10 (sorted).
 */
import {
  ACCOUNT_EMPTY,
  ACCOUNT_SETTLED,
  ALL_NODE_POOLS,
  CLOUD_LOAD_BALANCERS,
  FINALIZER_KEY,
} from '../topology/keys.ts';
import type { Outputs, Resource, ResourceKey, ResourceKind } from '../topology/resource.ts';
import { leftover } from './leftovers.ts';
import { kindOf, type ObservedKind, stateOf } from './observed.ts';
import { orderedSteps } from './order.ts';
import { type Found, PLAN_VERSION, type Plan, type Step } from './plan.ts';
import { settled } from './resolve.ts';

export type RemoveRequest = {
  readonly inventory: readonly Found[];
  /** What the object would call for, if that can still be said: it gives removals their full properties. */
  readonly topology: readonly Resource[];
  readonly namespace: string;
  readonly settleSeconds: number;
  readonly subject:
    | { readonly kind: 'AWSCluster'; readonly clusterName: string }
    | {
        readonly kind: 'AWSNodePool';
        readonly poolId: string;
        /** The cluster lives, so its API can be asked to forget the pool's token. */
        readonly clusterLives: boolean;
      };
};

type Removed = Exclude<ObservedKind, 'finalizer' | 'preflight' | 'established' | 'addon'>;

/** What must be gone before; `pools` stands for the wait for all node pools. */
type Before = {
  readonly kinds: readonly Removed[];
  /** Only those of the same replica or pool: `launch-template/x` after `auto-scaling-group/x`. */
  readonly same?: boolean;
  readonly pools?: boolean;
};

const REMOVED_AFTER: Readonly<Record<Removed, Before>> = {
  'node-pools': { kinds: [] },
  'auto-scaling-group': { kinds: [] },
  'hub-membership': { kinds: [] },
  'join-token': { kinds: [] },
  'subnet-tags': { kinds: [] },
  listener: { kinds: [] },
  targets: { kinds: [] },
  'load-balancer': { kinds: ['listener'] },
  'target-group': { kinds: ['listener', 'targets'] },
  'launch-template': { kinds: ['auto-scaling-group'], same: true },
  // An instance that is going still holds its volume and its address.
  'etcd-volume': { kinds: ['auto-scaling-group'], same: true },
  'network-interface': { kinds: ['auto-scaling-group'], same: true },
  // The controllers that would make them again run on the replicas.
  'cloud-load-balancers': { kinds: ['auto-scaling-group'] },
  // Pools being deleted still talk to the cluster's API, with certificates made from these, through these rules.
  secret: { kinds: ['auto-scaling-group', 'launch-template', 'join-token'], pools: true },
  'security-group-rules': { kinds: ['auto-scaling-group'], pools: true },
  // Rules of one group name the other, and of both those of load balancers that controllers made.
  'security-group': {
    kinds: ['security-group-rules', 'network-interface', 'auto-scaling-group', 'cloud-load-balancers'],
    pools: true,
  },
};

const isRemoved = (kind: string): kind is Removed => Object.hasOwn(REMOVED_AFTER, kind);

const WAIT_POOLS = `wait ${ALL_NODE_POOLS}`;
const removalOf = (key: ResourceKey): string => `remove ${key}`;

/** `controlplane-0`, `nodepool-1a2b3c4d`: whose machine it is. Volumes and interfaces are called by number alone. */
const machineOf = (key: ResourceKey): string => {
  const name = key.slice(key.indexOf('/') + 1);
  return /^\d+$/.test(name) ? `controlplane-${name}` : name;
};

/** The pool that a key belongs to, or undefined for what is the cluster's. */
export const poolOfKey = (key: ResourceKey): string | undefined => {
  const match = /^(?:secret|launch-template|auto-scaling-group)\/nodepool-(.+)$|^(?:join-token|nodes)\/(.+)$/.exec(key);
  return match?.[1] ?? match?.[2];
};

/** One thing to take away, with the id of its step. */
type Removal = { readonly id: string; readonly resource: Resource; readonly found?: Found };

const needsOfRemoval = ({ resource }: Removal, others: readonly Removal[], withPools: boolean): string[] => {
  if (!isRemoved(resource.kind)) return [];
  const before = REMOVED_AFTER[resource.kind];
  const kinds: readonly ResourceKind[] = before.kinds;
  const pool = poolOfKey(resource.key);
  const earlier = others.filter(
    ({ resource: other }) =>
      kinds.includes(other.kind) &&
      (before.same !== true || machineOf(other.key) === machineOf(resource.key)) &&
      // A pool's token concerns its own machines only, and a lost pool's machines run no controllers.
      (pool === undefined || poolOfKey(other.key) === pool) &&
      (resource.kind !== 'cloud-load-balancers' || poolOfKey(other.key) === undefined),
  );
  const waits = before.pools === true && withPools && pool === undefined;
  return [...earlier.map(({ id }) => id), ...(waits ? [WAIT_POOLS] : [])];
};

const livingPools = (inventory: readonly Found[]): readonly string[] => {
  const pools = inventory.find((found) => found.key === ALL_NODE_POOLS);
  return pools === undefined ? [] : stateOf('node-pools', pools).poolIds;
};

/** What this plan takes away: a pool's own things; or the cluster's, and those of pools that have no object any more. */
const ownFound = (request: RemoveRequest): Found[] => {
  const { subject, inventory } = request;
  const living = livingPools(inventory);
  return inventory.filter((found) => {
    const pool = poolOfKey(found.key);
    if (subject.kind === 'AWSCluster') return pool === undefined || !living.includes(pool);
    return pool === subject.poolId && (subject.clusterLives || kindOf(found.key) !== 'join-token');
  });
};

/** Of things that share a key, which an interrupted create never makes but people may, each has a step of its own. */
const withIds = (removed: readonly Omit<Removal, 'id'>[]): Removal[] => {
  const count = (key: ResourceKey): number => removed.filter(({ resource }) => resource.key === key).length;
  return removed.map(({ resource, found }) => {
    const which = found?.outputs.id ?? found?.outputs.arn ?? found?.outputs.name;
    const id = removalOf(resource.key) + (count(resource.key) > 1 && which !== undefined ? ` ${which}` : '');
    return { id, resource, ...(found === undefined ? {} : { found }) };
  });
};

const removedResources = (request: RemoveRequest): Omit<Removal, 'id'>[] => {
  const wanted = new Map(request.topology.map((resource) => [resource.key, resource]));
  const known: Readonly<Record<ResourceKey, Outputs>> = Object.fromEntries(
    request.inventory.map((found) => [found.key, found.outputs]),
  );
  const found = ownFound(request).flatMap((one) => {
    if (!isRemoved(kindOf(one.key)) || one.key === ALL_NODE_POOLS) return [];
    const resource = wanted.get(one.key) ?? leftover(one, request.namespace);
    return resource === undefined ? [] : [{ resource: settled(resource, known), found: one }];
  });
  const { subject } = request;
  if (subject.kind === 'AWSNodePool') {
    // No inventory shows tokens inside the cluster: as long as the cluster lives, it is asked to forget this one.
    const token = request.topology.find((resource) => resource.kind === 'join-token');
    const seen = found.some(({ resource }) => resource.kind === 'join-token');
    return token === undefined || seen || !subject.clusterLives
      ? found
      : [...found, { resource: settled(token, known) }];
  }
  const replicas = found.some(({ resource }) => resource.kind === 'auto-scaling-group');
  const seen = found.some(({ resource }) => resource.key === CLOUD_LOAD_BALANCERS);
  return [
    ...found,
    // Running controllers may make another one at any moment until they are gone.
    ...(replicas && !seen
      ? [{ resource: { key: CLOUD_LOAD_BALANCERS, kind: 'cloud-load-balancers', properties: {} } as const }]
      : []),
  ];
};

const poolSteps = (clusterName: string): Step[] => {
  const resource: Resource = { key: ALL_NODE_POOLS, kind: 'node-pools', properties: { clusterName } };
  const remove = removalOf(ALL_NODE_POOLS);
  return [
    { id: remove, verb: 'remove', resource, needs: [] },
    { id: WAIT_POOLS, verb: 'wait', resource, needs: [remove] },
  ];
};

const emptyAccount = (key: ResourceKey, settleSeconds: number, needs: readonly string[]): Step => ({
  id: `wait ${key}`,
  verb: 'wait',
  resource: { key, kind: 'account', properties: { settleSeconds } },
  needs,
});

/** Everything away, then proof that nothing is left, then the finalizer. */
export const planRemove = (request: RemoveRequest): Plan => {
  const { subject } = request;
  const removed = withIds(removedResources(request));
  const withPools = subject.kind === 'AWSCluster';
  const removals = removed.map(
    (removal): Step => ({ ...removal, verb: 'remove', needs: needsOfRemoval(removal, removed, withPools) }),
  );
  const steps = [...(withPools ? poolSteps(subject.clusterName) : []), ...removals];
  // Two looks, each a step of its own: the second when AWS has settled since the first.
  const empty = emptyAccount(
    ACCOUNT_EMPTY,
    0,
    steps.map((step) => step.id),
  );
  const stillEmpty = emptyAccount(ACCOUNT_SETTLED, request.settleSeconds, [empty.id]);
  const finalizer: Step = {
    id: removalOf(FINALIZER_KEY),
    verb: 'remove',
    resource: { key: FINALIZER_KEY, kind: 'finalizer', properties: {} },
    needs: [stillEmpty.id],
  };
  return { version: PLAN_VERSION, steps: orderedSteps([...steps, empty, stillEmpty, finalizer]), known: {} };
};
