/**
 * Held back: turns that an update policy lets no machine go in yet.
 *
 * Owns: what a person's word stands for (what machines are to be made of and told at that moment, and nothing newer), when a turn has
 * begun and is ended whatever the policy says, and the words for what waits. Neighbours: `update-windows.ts` knows the time,
 * `decide-turns.ts` and `replica-turns.ts` ask before each turn, the entity keeps the word. Pure.
 * Invariants: I9 (what waits is told, with until when), I10.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { UpdatePolicy } from '../api/update-policy.ts';
import { operationsCommand } from '../words/commands.ts';
import type { OperationType } from '../words/operations.ts';
import { timeOf } from '../words/time.ts';
import { conditionOf } from './conditions.ts';
import type { TurnRequest } from './pool-turns.ts';
import { HELD_BACK, type HeldBack, openingOf, updatePolicyOf } from './update-windows.ts';
import type { StoredObject } from './views.ts';

/** Whether a pool's status says that turns are held back: sweeps, which see no machine, take its word for it. */
export const isSaidHeldBack = (object: Parameters<typeof conditionOf>[0]): boolean => {
  const reason = conditionOf(object, 'ChangesPending')?.reason;
  return Object.values(HELD_BACK).some((one) => one === reason);
};

type Asked = {
  readonly object: Pick<StoredObject, 'kind' | 'metadata' | 'status'>;
  readonly policy: UpdatePolicy;
  /** Epoch milliseconds. */
  readonly now: number;
  /** What somebody said `resume` to. */
  readonly released?: string | undefined;
  /** Somebody aborted the change, and machines return to what they were. */
  readonly goesBack?: true | undefined;
};

/** By a person's word, as the entity or the rollout's own status remembers it. */
export const isReleased = ({ object, released }: Pick<Asked, 'object' | 'released'>, target: string): boolean =>
  released === target || object.status?.rollout?.released === target;

/** A node that is closed to go stays closed for days otherwise: half a turn is worse than either end of it. */
export const hasClosedNodes = ({ machines, isOutdated }: TurnRequest): boolean =>
  machines.machines.some((machine) => machine.node?.closedBy === 'slipway' && isOutdated(machine));

/**
 * What a look without machines, as a sweep takes, says of a pool whose status says that turns are held back: the same as before, as long
 * as the policy is not open. `mayBeOutdated`: by what its group tells.
 */
export const heldStill = (
  { pool, cluster, now }: { readonly pool: AWSNodePool; readonly cluster: AWSCluster; readonly now: number },
  mayBeOutdated: boolean,
): { readonly note?: string; readonly stillHeld?: true } => {
  const said = conditionOf(pool, 'ChangesPending');
  if (said === undefined || !isSaidHeldBack(pool) || !mayBeOutdated) return {};
  return openingOf(updatePolicyOf(pool, cluster), now).kind === 'open' ? {} : { note: said.message, stillHeld: true };
};

export type Waiting = {
  readonly kind: 'wait';
  readonly type: OperationType;
  readonly why: string;
  readonly heldBack: HeldBack;
  readonly lookAgainSeconds?: number;
};

/** What turns there are: how many machines are to go in them, and whether one of them is half done. */
export type Turning = Pick<HeldBack, 'type' | 'target'> & { readonly count: number; readonly hasBegun: boolean };

/** Why the next turn may not begin now; undefined where it may. */
export const heldBackBy = (asked: Asked, { type, target, count, hasBegun }: Turning): Waiting | undefined => {
  const { object, policy, now } = asked;
  const opening = openingOf(policy, now);
  const isAsked = asked.goesBack === true || isReleased(asked, target);
  if (opening.kind === 'open' || isAsked || hasBegun) return undefined;
  const what = count === 1 ? '1 machine waits to be replaced' : `${count} machines wait to be replaced`;
  const { namespace, name } = object.metadata;
  const command = operationsCommand('resume', { kind: object.kind, namespace, name });
  const { opensAt } = opening;
  const until = opensAt === undefined ? 'Manual' : 'Window';
  return {
    ...{ kind: 'wait', type, heldBack: { type, until, target } },
    why:
      opensAt === undefined
        ? `${what} until somebody lets it begin, as the update policy is ${policy.mode}: ${command}`
        : `${what} until the next window of the update policy begins at ${timeOf(opensAt)}; to begin now: ${command}`,
    ...(opensAt === undefined ? {} : { lookAgainSeconds: Math.max(1, Math.ceil((opensAt - now) / 1_000)) }),
  };
};
