/**
 * Decide, for the machines of a node pool: is one of them to go now, and for what.
 *
 * Owns: what comes first: where there are to be fewer, those that are unhealthy go first, and no other takes their place; what does not
 * serve is replaced before what is outdated. Neighbours: `decide-shrink.ts`, `decide-node-repair.ts` and `decide-turns.ts` decide each for itself; `decide-nodepool.ts` asks, `activities/assess.ts` has machines
 * read where either of them asks for it. Pure.
 */

import type { OperationType } from '../words/operations.ts';
import { decideNodeRepair, machinesToJudge, type NodeAttention } from './decide-node-repair.ts';
import { decideShrink } from './decide-shrink.ts';
import { decideTurns, machinesToRead as machinesToReplace } from './decide-turns.ts';
import type { Plan, Step } from './plan.ts';
import type { Turn } from './rollout.ts';
import type { HeldBack } from './update-windows.ts';

/** `heldBack`: by the update policy, and not by what is the case. */
export type Waits = {
  readonly type: OperationType;
  readonly why: string;
  readonly heldBack?: HeldBack;
  readonly lookAgainSeconds?: number;
};

export type MachinesDecision =
  | { readonly kind: 'turn'; readonly type: OperationType; readonly plan: Plan; readonly turn: Turn }
  | {
      readonly kind: 'none';
      readonly attention: NodeAttention;
      /** For what the next turn of which rollout waits. */
      readonly waits?: Waits;
      /** What is left of a rollout that is over. */
      readonly tidies: readonly Step[];
    };

type Turning = Parameters<typeof decideTurns>[0];
type Given = Turning &
  Omit<Parameters<typeof decideNodeRepair>[0], 'ensured'> & {
    /** Why no machine may give way to another one now, though some are outdated. */
    readonly mayNotTurn?: string;
  };

/** Where the pool's machines are to be looked at one by one before anything is decided; undefined where nothing asks for it. */
export const machinesToRead = (
  asked: Parameters<typeof machinesToReplace>[0],
): { readonly endpoint: string } | undefined => machinesToReplace(asked) ?? machinesToJudge(asked);

export const decideMachines = (given: Given): MachinesDecision => {
  const shrink = decideShrink({ ...given, ensured: given.ensured(given.topology) });
  if (shrink.kind === 'turn') return shrink;
  const repair = decideNodeRepair(given);
  if (repair.kind === 'repair') return { ...repair, kind: 'turn', type: 'RepairNodePool' };
  const due = shrink.kind === 'none' ? decideTurns(given) : shrink;
  switch (due.kind) {
    case 'turn': {
      const { mayNotTurn: why } = given;
      return why === undefined ? due : { ...repair, waits: { type: due.type, why }, tidies: [] };
    }
    case 'wait':
      return { ...repair, waits: due, tidies: [] };
    case 'none':
      return { ...repair, tidies: due.tidies };
  }
};
