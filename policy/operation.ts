/**
 * Operation: the assessment that something is to be done, and the notes beside it.
 *
 * Owns: what an operation's input says beside its plan, and what is told where no plan can change anything. Neighbours:
 * `decide-cluster.ts` and `decide-nodepool.ts` say which operation is due; `assessment.ts` has the shape. Pure.
 * Invariants: I1 (it names the very object that was asked about), I4 (its owner is that object's).
 */
import type { Release } from '../api/releases.ts';
import { purposeOf } from '../words/operations.ts';
import { marksOfSpec } from './applied-marks.ts';
import { tagKeysOf } from './applied-tags.ts';
import type { Assessment, OperationInput } from './assessment.ts';
import type { Postponed } from './ensure.ts';
import type { ClusterFacts } from './facts.ts';
import type { StoredObject } from './views.ts';

/** Told when nothing can be done by a plan: a setting that takes a rollout. */
export const noteOf = (postponed: readonly Postponed[]): { readonly note?: string } => {
  const notes = postponed.map(({ key, reason }) => `${key}: ${reason}`);
  return notes.length === 0 ? {} : { note: notes.join('; ') };
};

/** What an operation says of the tags, labels and taints that it may set; nothing where the spec has none. */
const applying = ({ type }: Due, object: StoredObject): Pick<OperationInput, 'tagKeys' | 'marks'> => {
  if (purposeOf({ type }) === 'delete') return {};
  const tagKeys = tagKeysOf(object);
  const marks = marksOfSpec(object);
  return {
    ...(tagKeys.length === 0 ? {} : { tagKeys }),
    ...(marks.labels.length + marks.taints.length === 0 ? {} : { marks }),
  };
};

/** What it is, and what it does. */
export type Due = Pick<
  OperationInput,
  'type' | 'plan' | 'mends' | 'settles' | 'turn' | 'upgrading' | 'unreachable' | 'revision' | 'givesUp' | 'restores'
>;

/** Whose cluster it is about, and which versions it names. */
export type About = {
  readonly clusterId: string;
  readonly release: Pick<Release, 'version' | 'kubernetes'>;
};

export const operationOf = (
  facts: Pick<ClusterFacts, 'requested' | 'worker' | 'entityId'>,
  object: StoredObject,
  { clusterId, release }: About,
  due: Due,
): Extract<Assessment, { kind: 'operate' }> => ({
  kind: 'operate',
  operation: {
    v: 1,
    ...due,
    object: facts.requested,
    owner: {
      account: facts.worker.account,
      region: object.spec.region,
      clusterId,
      uid: object.metadata.uid,
    },
    generation: object.metadata.generation,
    version: release.version,
    kubernetesVersion: release.kubernetes,
    entityId: facts.entityId,
    ...applying(due, object),
  },
});
