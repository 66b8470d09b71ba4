/**
 * Remove orphans: the operation that takes away what belongs to no object, on request.
 *
 * Owns: when it may, and what it takes. Neighbours: `remove.ts` makes the plan, as for a deletion; `activities/orphan-removal.ts` gathers the
 * facts; `orphans.ts` says what is one. Pure.
 * Invariants: I4 (only what carries the cluster's id and a uid, and never while an object lives that owns either), I12 (a person has named it:
 * that nobody's object is there is no order by itself).
 */
import { clusterIdOf, isClusterId } from '../api/names.ts';
import type { ObjectRef } from '../api/object.ts';
import { type Found, idOf } from '../kinds/resource.ts';
import { ALL_NODE_POOLS, FINALIZER_KEY, poolOfKey } from '../words/keys.ts';
import type { LivingOwner } from './adoption.ts';
import type { OrphanedCluster } from './orphans.ts';
import type { Inventory, Plan } from './plan.ts';
import { planRemove } from './remove.ts';

/** A cluster's id, and one of its things as `slipway orphans` names it; all of them unless one is named. */
export type OrphanRemoval = { readonly clusterId: string; readonly id?: string };

/** Whose cluster it was. */
export type LostCluster = { readonly object: ObjectRef; readonly clusterId: string };

type Refused = { readonly refused: string };

/** Whose it was, by its own tags, or why nothing is removed. */
export const judgeRemoval = (
  { clusterId }: OrphanRemoval,
  orphaned: readonly OrphanedCluster[],
  clusters: readonly LivingOwner[],
): LostCluster | Refused => {
  if (!isClusterId(clusterId))
    return { refused: `${clusterId} is no cluster's id: one is gke- and eight hexadecimal digits` };
  const living = clusters.find(({ ownerUid }) => clusterIdOf(ownerUid) === clusterId);
  if (living !== undefined) {
    return { refused: `AWSCluster ${living.namespace}/${living.name} is there and owns ${clusterId}: delete that one` };
  }
  const cluster = orphaned.find((one) => one.clusterId === clusterId);
  if (cluster === undefined)
    return { refused: `nothing that carries tag slipway.dev/cluster=${clusterId} belongs to no object` };
  if (cluster.adopters.length > 0) {
    return {
      refused: `the object with uid ${cluster.adopters.join(' and ')} has adopted it, and may live in another management API: delete it there, or adopt it here and delete it then`,
    };
  }
  const own = cluster.things.filter(({ key }) => key !== undefined && poolOfKey(key) === undefined);
  const uids = [...new Set(own.flatMap(({ uid }) => uid ?? []))].filter((uid) => clusterIdOf(uid) === clusterId);
  const [uid] = uids;
  if (uid === undefined)
    return { refused: `nothing of ${clusterId} carries the uid from which its id follows: somebody changed its tags` };
  const [namespace, name] = own.find(({ madeFor }) => madeFor !== undefined)?.madeFor?.split('/') ?? [];
  if (namespace === undefined || name === undefined) {
    return {
      refused: `nothing of ${clusterId} has the tag slipway.dev/object, by which its Secrets are found: set it to <namespace>/<name> on one of its security groups`,
    };
  }
  return { object: { kind: 'AWSCluster', namespace, name, uid }, clusterId };
};

const isOf = (found: Found | undefined, id: string): boolean =>
  found !== undefined && (idOf(found) === id || Object.values(found.outputs).includes(id));

/** Nobody's object is asked to go, and none has a finalizer. */
const isAboutObjects = (key: string): boolean => key === ALL_NODE_POOLS || key === FINALIZER_KEY;

/** The plan of a deletion without what concerns objects; or the one step of it that takes the thing that was named. */
export const planRemoval = (
  { id }: OrphanRemoval,
  { object }: LostCluster,
  { found }: Inventory,
  settleSeconds: number,
): Plan | Refused => {
  const pools = found.find(({ key }) => key === ALL_NODE_POOLS);
  if (pools !== undefined) return { refused: 'node pools are there that were made for it: delete them first' };
  const plan = planRemove({
    inventory: found,
    settleSeconds,
    subject: { kind: 'AWSCluster', clusterName: object.name },
  });
  const kept = plan.steps.filter(({ resource }) => !isAboutObjects(resource.key));
  const meant = id === undefined ? kept : kept.filter((step) => step.verb === 'remove' && isOf(step.found, id));
  if (meant.length === 0)
    return {
      refused: `${id ?? 'nothing of it'} is nothing that is removed by itself: it goes with what it belongs to`,
    };
  const ids = new Set(meant.map((step) => step.id));
  return { ...plan, steps: meant.map((step) => ({ ...step, needs: step.needs.filter((need) => ids.has(need)) })) };
};
