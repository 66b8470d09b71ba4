/**
 * Publishing: what an entity is at, made known to Temporal and, while no operation runs, to the object's status.
 *
 * Owns: that query, search attributes, memo and current details say the same. Neighbours: `entity-view.ts` says what is
 * shown; while an operation runs, that one writes the status. Invariants: I9 (what is blocked says so, since when and why).
 */
import { log, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { MirrorRequest, ObjectRef } from '../activities/contract.ts';
import { mirrorBriefly } from './activities.ts';
import { blockedPublisher } from './blocked.ts';
import { entityDetails } from './entity-details.ts';
import type { EntityEvent, EntityLife, Obstacle } from './entity-states.ts';
import { clusterOf, viewOf } from './entity-view.ts';
import { type EntityView, SEARCH_ATTRIBUTES } from './messages.ts';

/** Answers a function that publishes what of a life has changed. */
export const entityPublisher = (object: ObjectRef): ((life: EntityLife) => void) => {
  const { workflowId } = workflowInfo();
  const publishBlocked = blockedPublisher();
  let phase: EntityView['phase'] = 'assessing';
  return (life) => {
    const { obstacle } = life.kept;
    publishBlocked(obstacle === undefined ? [] : [entryOf(obstacle)]);
    const view = viewOf(object, life);
    if (view.phase !== phase) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: view.phase }]);
    phase = view.phase;
    publishCluster(clusterOf(life));
    setCurrentDetails(entityDetails(view, workflowId, obstacle?.since));
  };
};

const entryOf = ({ reason: message, ...obstacle }: Obstacle) => ({
  id: 'assess',
  key: 'assess',
  status: { state: 'blocked', message, ...obstacle } as const,
});

const publishCluster = (clusterId: string | undefined): void => {
  if (!clusterId || clusterId === workflowInfo().typedSearchAttributes.get(SEARCH_ATTRIBUTES.cluster)) return;
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.cluster, value: clusterId }]);
};

/** Writes the object's status. What can't be written, by CRDs of another release, say, must not end the entity. */
export const writeStatus = async (request: Omit<MirrorRequest, 'events'>): Promise<EntityEvent> => {
  try {
    await mirrorBriefly({ ...request, events: [] });
    return { kind: 'written' };
  } catch (error) {
    log.error('The status could not be written', { error: String(error) });
    return { kind: 'unwritten' };
  }
};
