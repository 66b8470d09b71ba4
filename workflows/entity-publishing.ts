/**
 * Publishing: what an entity is at, made known to Temporal and, while no operation runs, to the object's status.
 *
 * Owns: that query, search attributes, memo and current details say the same. Neighbours: `entity-view.ts` and `listing.ts` say what is
 * shown; while an operation runs, that one writes the status. Invariants: I9 (what is blocked says so, since when and why).
 */
import { log, patched, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { MirrorRequest, ObjectRef } from '../activities/contract.ts';
import { mirrorBriefly } from './activities.ts';
import { type BlockedPublisher, blockedPublisher } from './blocked.ts';
import { entityDetails } from './entity-details.ts';
import type { EntityEvent, EntityLife } from './entity-states.ts';
import { clusterOf, viewOf } from './entity-view.ts';
import { listedEntity, OBSTACLE } from './listing.ts';
import { type BlockedMemo, type EntityView, SEARCH_ATTRIBUTES } from './messages.ts';

/** Answers a function that publishes what of a life has changed. */
export const entityPublisher = (object: ObjectRef): ((life: EntityLife) => void) => {
  const { workflowId } = workflowInfo();
  const blocked = blockedPublisher();
  let phase: EntityView['phase'] = 'assessing';
  return (life) => {
    const view = viewOf(object, life);
    publishBlocked(blocked, listedEntity(view, life, blocked.published()).blocked);
    if (view.phase !== phase) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: view.phase }]);
    phase = view.phase;
    publishCluster(clusterOf(life));
    setCurrentDetails(entityDetails(view, workflowId, life.kept.obstacle?.since));
  };
};

/** Entities that run since before machines were listed go on as they began. */
const publishBlocked = ({ publish }: BlockedPublisher, entries: BlockedMemo): void =>
  publish(entries.every(({ step }) => step === OBSTACLE) || patched('machines-are-listed') ? entries : []);

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
