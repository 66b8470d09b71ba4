/** What drivers and steps are asked for in tests, with overrides. */
import type { StepRequest } from '../../../activities/contract.ts';
import { clusterIdOf } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Verb } from '../../../policy/plan.ts';
import type { Resource } from '../../../topology/resource.ts';

/** A step as the plan runner would ask for it on a repeated execution, which finds for itself. */
export const request = (
  verb: Verb,
  resource: Resource,
  object: ObjectRef,
  overrides: { readonly clusterUid?: string; readonly first?: boolean; readonly ownerUid?: string } = {},
): StepRequest => ({
  object,
  owner: {
    account: '0123456789012',
    region: 'eu-west-1',
    clusterId: clusterIdOf(overrides.clusterUid ?? object.uid),
    uid: overrides.ownerUid ?? object.uid,
  },
  entityId: 'entity',
  step: { id: `${verb} ${resource.key}`, verb, resource, needs: [] },
  first: overrides.first ?? false,
});
