/**
 * An entity's view: what its query answers, and everything else shows, of the state that it is in.
 *
 * Owns: which phase a state is shown as, and why; and the cluster that it is found with. Neighbours: `entity-states.ts` has
 * the states, `entity-publishing.ts` and `entity-details.ts` show the view, `refusals.ts` judges by it. Pure. Invariants: I9.
 */
import type { ObjectRef } from '../activities/contract.ts';
import type { EntityLife } from './entity-states.ts';
import type { EntityView } from './messages.ts';

const PHASES: Readonly<Record<EntityLife['state'], EntityView['phase']>> = {
  assessing: 'assessing',
  beginning: 'assessing',
  operating: 'operating',
  settled: 'settled',
  waiting: 'waiting',
  outdated: 'waiting',
  blocked: 'blocked',
  held: 'blocked',
  finished: 'finished',
  orphaned: 'orphaned',
};

export const viewOf = (object: ObjectRef, life: EntityLife): EntityView =>
  life.state === 'operating' && life.operationId === undefined
    ? { object, phase: 'assessing' }
    : { object, phase: PHASES[life.state], ...moreOf(life) };

const moreOf = (
  life: EntityLife,
): Pick<EntityView, 'reason' | 'operationId' | 'held' | 'rollout' | 'paused' | 'heldBack' | 'drifted'> => {
  switch (life.state) {
    case 'operating':
      return life.operationId === undefined ? {} : { operationId: life.operationId };
    case 'settled':
      return {
        ...(life.status?.drift === undefined ? {} : { drifted: true }),
        ...(life.rollout === undefined ? {} : { rollout: life.rollout }),
        ...(life.rollout !== undefined && life.kept.paused ? { paused: true } : {}),
        ...(life.heldBack === undefined ? {} : { heldBack: true as const }),
      };
    case 'held': {
      const reason = `${life.operation} was aborted. Resume begins it again; so does a change.`;
      return { reason, held: life.operation };
    }
    default:
      return 'reason' in life ? { reason: life.reason } : {};
  }
};

/** A pool learns its cluster only from an assessment whose it is; empty where it never had one. */
export const clusterOf = (life: EntityLife): string | undefined => {
  if (life.state === 'settled') return life.clusterId;
  return life.state === 'operating' && life.operationId !== undefined ? life.operation.owner.clusterId : undefined;
};
