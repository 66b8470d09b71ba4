/**
 * Drift: what of an object's resources is not, or no longer, as its spec asks for.
 *
 * Owns: what a sweep makes of an assessment: the same plan that an operation would carry out, told as differences instead,
 * and whether the object's status says so already. Neighbours: `decide-*.ts` plan, a kind's row names differences,
 * `specific-conditions.ts` words the conditions. Pure. Invariants: I6 (drift is told, never mended), I12 (an object that
 * an operation looks after, or that can't be judged, has no drift).
 */
import { isDeepStrictEqual } from 'node:util';
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { Condition } from '../api/status.ts';
import { type Found, rowOf } from '../kinds/resource.ts';
import { purposeOf } from '../words/operations.ts';
import type { Assessment } from './assessment.ts';
import { isDeleting } from './facts.ts';
import { differencesIn, type Known } from './known.ts';
import { type ClusterNodes, nodeCounts, nodesSeen } from './node-counts.ts';
import type { Plan } from './plan.ts';
import { specificClaims } from './specific-conditions.ts';
import type { Drift, NodeCounts } from './views.ts';

type StoredObject = AWSCluster | AWSNodePool;

/** What an entity is to be told. `look` is for what only an assessment may decide about, such as a lost volume. */
export type Finding =
  | {
      readonly kind: 'report';
      readonly note?: string;
      readonly differences: readonly Drift[];
      readonly nodes?: NodeCounts;
    }
  | { readonly kind: 'look'; readonly reason: string };

/** A person reads the first few; the condition has room for no more. */
const TOLD = 20;
const LONGEST = 300;

/** Only what rests is swept: whoever runs, waits or is blocked looks for itself. */
export const isSwept = (object: StoredObject): boolean => {
  const { status, metadata } = object;
  const holds = (type: string): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  return (
    !isDeleting(object) &&
    status?.state === 'Provisioned' &&
    status.observedGeneration === metadata.generation &&
    status.lastOperation?.state !== 'running' &&
    holds('Ready') &&
    !holds('Reconciling') &&
    !holds('Stalled')
  );
};

const hasCondition = (object: StoredObject, type: string): boolean =>
  object.status?.conditions?.some((condition) => condition.type === type) === true;

/** Whether an object's status says of it that something differs: then nothing remembered counts. */
export const isSaidToDiffer = (object: StoredObject): boolean =>
  hasCondition(object, 'Drifted') || hasCondition(object, 'ChangesPending') || hasCondition(object, 'Degraded');

/** The plan's own reasons: what is missing, and what differs. What merely follows from them is no difference. */
const differencesOf = (plan: Plan, inventory: readonly Found[]): readonly Drift[] => {
  const known: Known = { ...plan.known, ...Object.fromEntries(inventory.map(({ key, outputs }) => [key, outputs])) };
  return plan.steps.flatMap((step): Drift[] => {
    // What no inventory shows is in the plan because of something else.
    if (step.verb !== 'ensure' || rowOf(step.resource.kind).planned !== 'when it differs') return [];
    const { key } = step.resource;
    if (step.found === undefined) return [{ key, difference: 'is missing' }];
    const differences = differencesIn(step.resource, step.found, known);
    if (differences === 'unknown') return [];
    const mended = differences.filter(({ what }) => step.leaves?.includes(what) !== true);
    return [...new Set(mended.map(({ says }) => says))].map((says) => ({
      key,
      difference: says.slice(0, LONGEST),
    }));
  });
};

const noteIn = (object: StoredObject): { readonly note?: string } => {
  const pending = object.status?.conditions?.find(({ type }) => type === 'ChangesPending');
  return pending === undefined ? {} : { note: pending.message };
};

const judge = (object: StoredObject, assessment: Assessment, inventory: readonly Found[]): Finding | undefined => {
  switch (assessment.kind) {
    case 'settled':
      // Once it is degraded, it looks again by itself.
      if (assessment.controlPlane !== undefined && !hasCondition(object, 'Degraded')) {
        return { kind: 'look', reason: assessment.controlPlane.replicas.map(({ message }) => message).join('; ') };
      }
      return { kind: 'report', differences: [], ...(assessment.note === undefined ? {} : { note: assessment.note }) };
    case 'operate': {
      const { operation } = assessment;
      const { type, plan } = operation;
      if (purposeOf(operation) !== 'make') return { kind: 'look', reason: `${type} is due` };
      return { kind: 'report', differences: differencesOf(plan, inventory).slice(0, TOLD), ...noteIn(object) };
    }
    case 'waiting':
      return { kind: 'report', differences: [{ key: 'cluster', difference: assessment.reason }], ...noteIn(object) };
    case 'blocked':
      return { kind: 'look', reason: assessment.reason };
    case 'orphaned':
    case 'finished':
      return undefined;
  }
};

/** Said by those who look at the object for itself. */
const SAID_BY_OTHERS: readonly string[] = ['Ready', 'Reconciling', 'Stalled', 'Degraded'];
const said = (conditions: readonly Pick<Condition, 'type' | 'reason' | 'message'>[]): readonly string[] =>
  conditions
    .filter(({ type }) => !SAID_BY_OTHERS.includes(type))
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`)
    .sort();

/** What the entity of a swept object is to be told, or undefined when its status says all of it already. */
export const findingOf = (
  object: StoredObject,
  assessment: Assessment,
  inventory: readonly Found[],
  /** What the API of a pool's cluster said; absent where nobody asked. */
  clusterNodes?: ClusterNodes,
): Finding | undefined => {
  const judged = judge(object, assessment, inventory);
  if (judged === undefined || judged.kind === 'look') return judged;
  const looked = object.kind === 'AWSNodePool' && clusterNodes !== undefined;
  const nodes = looked ? { nodes: nodesSeen(object, inventory, clusterNodes) } : {};
  const finding = { ...judged, ...nodes };
  const { note, differences: drift } = finding;
  const subject = { kind: 'settled' as const, drift, ...nodes, ...(note === undefined ? {} : { note }) };
  if (!isDeepStrictEqual(nodeCounts(subject, object), nodeCounts({ kind: 'settled' }, object))) return finding;
  const claims = specificClaims(subject, object, object.status?.revision);
  const wanted = Object.entries(claims).map(([type, claim]) => ({ ...claim, type }));
  return isDeepStrictEqual(said(wanted), said(object.status?.conditions ?? [])) ? undefined : finding;
};
