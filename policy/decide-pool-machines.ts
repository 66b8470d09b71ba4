/**
 * Decide, for the machines of a node pool: is one of them to go now, and for what.
 *
 * Owns: what comes first: where there are to be fewer, those that are unhealthy go first, and no other takes their place. Neighbours:
 * `decide-shrink.ts` and `decide-node-repair.ts` decide each for itself; `decide-nodepool.ts` asks, `activities/assess.ts` has machines
 * read where either of them asks for it. Pure.
 */
import { decideNodeRepair, machinesToJudge, type NodeAttention } from './decide-node-repair.ts';
import { decideShrink, machinesToRead as machinesToShrink } from './decide-shrink.ts';
import type { Plan } from './plan.ts';
import type { Turn } from './rollout.ts';

export type MachinesDecision =
  | {
      readonly kind: 'turn';
      readonly type: 'ResizeNodePool' | 'RepairNodePool';
      readonly plan: Plan;
      readonly turn: Turn;
    }
  /** None now; `why` says for what the next turn of a resize waits. */
  | { readonly kind: 'none'; readonly attention: NodeAttention; readonly why?: string };

type Asked = Parameters<typeof machinesToShrink>[0];
type Given = Parameters<typeof decideShrink>[0] & Parameters<typeof decideNodeRepair>[0];

/** Where the pool's machines are to be looked at one by one before anything is decided; undefined where nothing asks for it. */
export const machinesToRead = (asked: Asked): { readonly endpoint: string } | undefined =>
  machinesToShrink(asked) ?? machinesToJudge(asked);

export const decideMachines = (given: Given): MachinesDecision => {
  const shrink = decideShrink(given);
  if (shrink.kind === 'turn') return { ...shrink, type: 'ResizeNodePool' };
  const repair = decideNodeRepair(given);
  if (repair.kind === 'repair') return { ...repair, kind: 'turn', type: 'RepairNodePool' };
  return { ...repair, ...(shrink.kind === 'wait' ? { why: shrink.why } : {}) };
};
