/**
 * Applied tags: which tags of the spec things in AWS may carry by now.
 *
 * Owns: `status.appliedTagKeys`, the memory by which a tag is taken off that the spec names no more. A key is in it from the
 * beginning of the first operation that may set it, and leaves it only once everything is known to be as a spec without it
 * asks for: what somebody else tagged never is in it. Neighbours: `topology/values.ts` makes former tags of it. Pure.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { purposeOf } from '../words/operations.ts';
import type { Subject } from './views.ts';

/** Of the spec's tags. */
export const tagKeysOf = (object: AWSCluster | AWSNodePool): readonly string[] =>
  Object.keys(object.kind === 'AWSCluster' ? object.spec.controlPlane.tags : object.spec.tags).sort();

/** Everything is as the spec asks for, of this generation: nothing was skipped, and nothing is seen to differ. */
export const isAsAskedFor = (subject: Subject): boolean => {
  switch (subject.kind) {
    case 'settled':
      return subject.note === undefined && (subject.drift ?? []).length === 0;
    case 'operation': {
      const { state, steps } = subject.operation;
      return (
        purposeOf(subject.operation) === 'make' &&
        state === 'succeeded' &&
        steps.every(({ status }) => status.state !== 'skipped')
      );
    }
    case 'waiting':
    case 'blocked':
    case 'failing':
    case 'held':
      return false;
  }
};

/** Sorted. `generation` is that of the spec which the subject is about; the object may have a newer one. */
export const appliedTagKeys = (
  subject: Subject,
  generation: number,
  object: AWSCluster | AWSNodePool,
): readonly string[] => {
  const before = object.status?.appliedTagKeys ?? [];
  if (subject.kind === 'operation') {
    const { tagKeys = [] } = subject.operation;
    return isAsAskedFor(subject) ? tagKeys : [...new Set([...before, ...tagKeys])].sort();
  }
  return isAsAskedFor(subject) && generation === object.metadata.generation ? tagKeysOf(object) : before;
};
