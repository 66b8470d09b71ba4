/**
 * Unguarded: an object that is being deleted without our finalizer, though something was made for it.
 *
 * Owns: what is said of it. That others took the finalizer is neither an order to delete (I12) nor a proof that nothing is left, and
 * the API server lets nobody put it back any more. Nor is a status that tells of nothing a proof: what there is was looked for.
 * Neighbours: `remove.ts` says what a delete would take away. Pure. Invariants: I3, I12.
 */
import { CLUSTER_TAG, FINALIZER, UID_TAG } from '../api/names.ts';
import { hasFinalizer, isDeleting } from '../api/object.ts';
import { ownerUidOf } from '../api/ownership.ts';
import { idOf } from '../kinds/resource.ts';
import type { Assessment } from './assessment.ts';
import { blocked } from './facts.ts';
import type { Plan } from './plan.ts';
import type { StoredObject } from './views.ts';

const SHOWN = 10;

/** What a plan to remove would take away, as a person finds it. */
const leftOf = ({ steps }: Plan): readonly string[] =>
  steps.flatMap((step) => {
    if (step.verb !== 'remove' || step.found === undefined) return [];
    const id = idOf(step.found);
    return [id === undefined ? step.resource.key : `${step.resource.key} (${id})`];
  });

/** Undefined: it carries our finalizer, or isn't being deleted. */
export const judgeUnguarded = (object: StoredObject, plan: Plan): Assessment | undefined => {
  if (!isDeleting(object) || hasFinalizer(object)) return undefined;
  const left = leftOf(plan);
  if (left.length === 0) return { kind: 'finished' };
  const { generation } = object.metadata;
  const { clusterID } = object.status ?? {};
  const tag =
    object.kind === 'AWSCluster' && clusterID !== undefined
      ? `${CLUSTER_TAG}=${clusterID}`
      : `${UID_TAG}=${ownerUidOf(object)}`;
  const more = left.length > SHOWN ? ` and ${left.length - SHOWN} more` : '';
  return blocked(
    generation,
    `it is being deleted, and somebody took finalizer ${FINALIZER} from it: that is no order to remove what it owns, and it owns ${left.slice(0, SHOWN).join(', ')}${more}`,
    `remove by hand what carries the tag ${tag}; nothing else looks after it once the object is gone`,
  );
};
