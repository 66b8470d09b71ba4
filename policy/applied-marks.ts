/**
 * Applied marks: which labels and taints of the spec a node pool's nodes may carry by now.
 *
 * Owns: `status.appliedLabelKeys` and `status.appliedTaints`, the memory by which one is taken off that the spec names no more. Each is in
 * it from the beginning of the first operation that may set it. It leaves only with a look that found nothing left to do, since a
 * machine that was told of it may join later than the operation ends. Neighbours: `applied-tags.ts` is the same for tags,
 * `in-place.ts` makes former marks of it. Pure.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { taintName } from '../kinds/node-labels.ts';
import { isAsAskedFor } from './applied-tags.ts';
import type { Subject } from './views.ts';

/** Keys of labels, and names of taints, both sorted. */
export type AppliedMarks = { readonly labels: readonly string[]; readonly taints: readonly string[] };

const NONE: AppliedMarks = { labels: [], taints: [] };

/** Of the spec; a cluster has none. */
export const marksOfSpec = (object: AWSCluster | AWSNodePool): AppliedMarks =>
  object.kind === 'AWSCluster'
    ? NONE
    : { labels: Object.keys(object.spec.labels).sort(), taints: object.spec.taints.map(taintName).sort() };

const together = (one: readonly string[], other: readonly string[]): readonly string[] =>
  [...new Set([...one, ...other])].sort();

/** `generation` is that of the spec which the subject is about; the object may have a newer one. */
export const appliedMarks = (subject: Subject, generation: number, object: AWSCluster | AWSNodePool): AppliedMarks => {
  if (object.kind === 'AWSCluster') return NONE;
  const { appliedLabelKeys: labels = [], appliedTaints: taints = [] } = object.status ?? {};
  if (subject.kind === 'operation') {
    const { marks = NONE } = subject.operation;
    return { labels: together(labels, marks.labels), taints: together(taints, marks.taints) };
  }
  return isAsAskedFor(subject) && generation === object.metadata.generation ? marksOfSpec(object) : { labels, taints };
};
