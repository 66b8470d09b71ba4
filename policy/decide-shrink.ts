/**
 * Decide, for a node pool that keeps more machines than it should: is one to go now, and which.
 *
 * Owns: when that is asked at all (whatever else differs is made first), and what is said while it has to wait. Neighbours:
 * `shrink.ts` says which machines go and plans a turn, `rollout.ts` counts turns; `decide-nodepool.ts` asks. Pure.
 * Invariants: I12 (a cluster that could not be asked is no reason to end a node undrained).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { type Found, rowOf } from '../kinds/resource.ts';
import { changesIn, isResize } from './changes.ts';
import { wasProvisioned } from './facts.ts';
import type { Plan } from './plan.ts';
import { endedByAutoscaler, type PoolMachines } from './pool-machines.ts';
import { rememberedOf, type Turn, turnAfter } from './rollout.ts';
import { closedInVain, goingFrom, groupOf, planGoing, planOpening, tooMany } from './shrink.ts';

export type ShrinkDecision =
  /** Nothing is too many, or something else comes first. */
  | { readonly kind: 'none' }
  | { readonly kind: 'turn'; readonly type: 'ResizeNodePool'; readonly plan: Plan; readonly turn: Turn }
  | { readonly kind: 'wait'; readonly type: 'ResizeNodePool'; readonly why: string };

const RESIZE = { type: 'ResizeNodePool' } as const;

type Asked = {
  readonly pool: AWSNodePool;
  readonly cluster: AWSCluster;
  readonly inventory: readonly Found[];
};

/** Where the pool's machines are to be looked at one by one before anything is decided; undefined where nothing asks for it. */
export const machinesToRead = ({ pool, cluster, inventory }: Asked): { readonly endpoint: string } | undefined => {
  const { endpoint } = cluster.status ?? {};
  if (endpoint === undefined || !wasProvisioned(pool)) return undefined;
  // A turn that another spec took the place of may have closed a node.
  const isUnderWay = pool.status?.rollout?.type === 'ResizeNodePool';
  return isUnderWay || tooMany(pool, inventory) > 0 ? { endpoint } : undefined;
};

/** What of the plan is AWS's, which is the group and the look before it: nobody waits for nodes while others go. */
export const ofGroup = (plan: Plan): Plan => {
  const kept = plan.steps.filter(({ resource: { kind } }) => {
    const { changesAws, planned } = rowOf(kind);
    return changesAws === true || planned === 'before changes';
  });
  const ids = new Set(kept.map(({ id }) => id));
  return { ...plan, steps: kept.map((step) => ({ ...step, needs: step.needs.filter((id) => ids.has(id)) })) };
};

type Given = Asked & {
  readonly machines: PoolMachines | undefined;
  readonly ensured: Plan;
  readonly now: number;
};

export const decideShrink = ({ pool, cluster, inventory, machines, ensured, now }: Given): ShrinkDecision => {
  const reading = machinesToRead({ pool, cluster, inventory });
  if (reading === undefined || machines === undefined || !changesIn(ensured).every(isResize)) return { kind: 'none' };
  if (machines.unread !== undefined) {
    return { kind: 'wait', ...RESIZE, why: `which nodes could be drained is not known: ${machines.unread}` };
  }
  const going = goingFrom({ pool, inventory, machines });
  const [victim] = going;
  const stays = closedInVain(machines, victim);
  const request = {
    ...{ pool, inventory, machines, stays, endpoint: reading.endpoint },
    drainSeconds: pool.spec.updateSettings.drainSeconds,
    ensured: ofGroup(ensured),
  };
  const remembered = rememberedOf('ResizeNodePool', pool.status);
  if (tooMany(pool, inventory) === 0) {
    if (stays.length === 0) return { kind: 'none' };
    return { kind: 'turn', ...RESIZE, plan: planOpening(request), turn: turnAfter(remembered, 1, now) };
  }
  if (victim === undefined) {
    const left = endedByAutoscaler(machines);
    const why = left === 0 ? 'its machines are going already' : 'the cluster autoscaler is ending nodes by itself';
    return { kind: 'wait', ...RESIZE, why };
  }
  // Only once nobody is above it any more does the maximum follow, in a turn of its own.
  const lowersMaximum = (groupOf(pool, inventory)?.maxSize ?? 0) > pool.spec.maxNodeCount ? 1 : 0;
  const turn = turnAfter(remembered, going.length + lowersMaximum, now);
  return { kind: 'turn', ...RESIZE, plan: planGoing(victim, request), turn };
};
