/** What drivers and steps are asked for in tests, with overrides. */
import type { StepRequest } from '../../../activities/contract.ts';
import { clusterIdOf } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Resource } from '../../../kinds/resource.ts';
import type { Step } from '../../../policy/plan.ts';
import { PLAN_VERSION, type StepVerb } from '../../../words/steps.ts';

/** A step as the plan runner would ask for it on a repeated execution, which finds for itself. */
export const request = (
  verb: StepVerb,
  resource: Resource,
  object: ObjectRef,
  overrides: {
    readonly clusterUid?: string;
    readonly first?: boolean;
    readonly ownerUid?: string;
    readonly since?: number;
  } = {},
): StepRequest => ({
  object,
  owner: {
    account: '0123456789012',
    region: 'eu-west-1',
    clusterId: clusterIdOf(overrides.clusterUid ?? object.uid),
    uid: overrides.ownerUid ?? object.uid,
  },
  entityId: 'entity',
  plan: PLAN_VERSION,
  // A resource says all by which it is found.
  step: { id: `${verb} ${resource.key}`, verb, resource, needs: [] } as Step,
  first: overrides.first ?? false,
  ...(overrides.since === undefined ? {} : { since: overrides.since }),
});
