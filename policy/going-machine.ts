/**
 * Going machine: the steps in which one machine of a node pool goes, for whatever reason.
 *
 * Owns: their order: its node is closed, then drained, then the machine ends; nothing is drained that has no node; and the way back,
 * for a node that stays. Neighbours:
 * `shrink.ts` and `node-replacement.ts` say which machine goes, and what comes before and after. Pure. Invariants: I4 (by its id).
 */
import { cordonKey, drainKey, nodeMachineKey } from '../words/keys.ts';
import type { Step } from './plan.ts';
import type { PoolMachine } from './pool-machines.ts';
import { ensureStep, removeStep, waitStep } from './steps.ts';

export type Going = {
  readonly machine: PoolMachine;
  readonly poolId: string;
  readonly groupName: string;
  /** Where the cluster's API is. */
  readonly endpoint: string;
  readonly drainSeconds: number;
  /** Whether the group keeps one fewer from then on. */
  readonly shrinks: boolean;
  /** Why it goes, where its node does not serve: what can't leave it does not hold it. */
  readonly unhealthy?: string;
};

/** Opens the nodes of these machines again: those that we closed, to whoever does it. */
export const openingSteps = (machines: readonly PoolMachine[], endpoint: string): readonly Step[] =>
  machines.flatMap(({ id, node }) =>
    node === undefined
      ? []
      : [removeStep({ key: cordonKey(id), kind: 'cordon', properties: { endpoint, node: node.name } }, [])],
  );

/** `before`: ids of steps that must be done first. The last one ends the machine. */
export const goingSteps = (going: Going, before: readonly string[]): readonly Step[] => {
  const { machine, poolId, groupName, endpoint, drainSeconds: seconds, shrinks, unhealthy } = going;
  const { id, node } = machine;
  const end = (needs: readonly string[]): Step =>
    removeStep(
      { key: nodeMachineKey(id), kind: 'node-machine', properties: { poolId, groupName, instanceId: id, shrinks } },
      needs,
    );
  if (node === undefined) return [end(before)];
  const at = { endpoint, node: node.name };
  const event =
    unhealthy === undefined
      ? {}
      : { event: { reason: 'RepairingNode', message: [unhealthy], type: 'Warning' as const } };
  const cordon = ensureStep({ key: cordonKey(id), kind: 'cordon', properties: at, ...event }, before);
  const lost = unhealthy === undefined ? {} : { unhealthy: true as const };
  const drained = { endpoint, of: { node: node.name }, seconds, ...lost };
  const drain = waitStep({ key: drainKey(id), kind: 'drain', properties: drained }, [cordon.id]);
  return [cordon, drain, end([drain.id])];
};
