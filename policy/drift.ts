/**
 * Drift: what of an object's resources is not, or no longer, as its spec asks for.
 *
 * Owns: what a sweep makes of an assessment: the same plan that an operation would carry out, told as differences instead,
 * and whether the object's status says so already. Neighbours: `decide-*.ts` plan, a kind's row names differences,
 * `specific-conditions.ts` words the conditions. Pure. Invariants: I6 (drift is told, never mended, but for what leaves nobody a way
 * to the API, and for what others took from the object itself), I12 (an object that
 * an operation looks after, or that can't be judged, has no drift).
 */
import { isDeepStrictEqual } from 'node:util';
import { nodePoolIdOf } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { isDeleting } from '../api/object.ts';
import type { Condition } from '../api/status.ts';
import { type Found, rowOf } from '../kinds/resource.ts';
import { purposeOf } from '../words/operations.ts';
import { beginningOf, shortened } from '../words/text.ts';
import type { Assessment, OperationInput } from './assessment.ts';
import { conditionOf } from './conditions.ts';
import { isSaidHeldBack } from './held-back.ts';
import { addonsRead, insideSeen } from './inside.ts';
import { differencesIn, type Known, knownFrom } from './known.ts';
import { type ClusterNodes, isShort, nodeCounts, nodesSeen } from './node-counts.ts';
import type { Inside, InsideSeen, Plan } from './plan.ts';
import { specificClaims } from './specific-conditions.ts';
import type { Drift, NodeCounts, StoredObject } from './views.ts';

/** What an entity is to be told. `look` is for what only an assessment may decide about, such as a lost volume. */
export type Finding =
  | {
      readonly kind: 'report';
      readonly note?: string;
      readonly differences: readonly Drift[];
      readonly nodes?: NodeCounts;
      readonly inside?: InsideSeen;
    }
  | { readonly kind: 'look'; readonly reason: string };

type Report = Extract<Finding, { kind: 'report' }>;

/** A person reads the first few; the condition has room for no more. */
const TOLD = 20;
const LONGEST = 300;

/** Only what rests is swept: whoever runs, waits or is blocked looks for itself. */
export const isSwept = (object: StoredObject): boolean => {
  const { status, metadata } = object;
  const holds = (type: string): boolean => conditionOf(object, type)?.status === 'True';
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

/** Whether an object's status says of it that something differs: then nothing remembered counts. */
export const isSaidToDiffer = (object: StoredObject): boolean =>
  ['Drifted', 'ChangesPending', 'Degraded'].some((type) => conditionOf(object, type) !== undefined);

/** The plan's own reasons: what is missing, and what differs. What merely follows from them is no difference. */
const differencesOf = (plan: Plan, inventory: readonly Found[], isInsideRead: boolean): readonly Drift[] => {
  const known: Known = { ...plan.known, ...knownFrom(inventory) };
  return plan.steps.flatMap((step): Drift[] => {
    const { key, kind } = step.resource;
    if (step.verb === 'remove') return [{ key, difference: 'is no part of the cluster’s revision any more' }];
    const { planned } = rowOf(kind);
    // What no inventory shows is in the plan because of something else.
    const isSeen = planned === 'when it differs' || (planned === 'as seen inside' && isInsideRead);
    if (step.verb !== 'ensure' || !isSeen) return [];
    if (step.found === undefined) return [{ key, difference: 'is missing' }];
    const differences = differencesIn(step.resource, step.found, known);
    if (differences === 'unknown') return [];
    const mended = differences.filter(({ what }) => step.leaves?.includes(what) !== true);
    return [...new Set(mended.map(({ says }) => says))].map((says) => ({
      key,
      difference: beginningOf(says, LONGEST),
    }));
  });
};

type Settled = Extract<Assessment, { kind: 'settled' }>;

const asksFor = (revision: number): string => `revision ${revision} is asked for`;

const noteIn = (object: StoredObject): { readonly note?: string } => {
  const pending = conditionOf(object, 'ChangesPending');
  return pending === undefined ? {} : { note: pending.message };
};

const judgeSettled = (object: StoredObject, settled: Settled): Finding => {
  const { revision, controlPlane, note, recalled, heldBack, stillHeld } = settled;
  if (revision !== undefined) return { kind: 'look', reason: asksFor(revision) };
  if (recalled !== undefined)
    return { kind: 'look', reason: `its status lost ${Object.keys(recalled).sort().join(', ')}` };
  if (isSaidHeldBack(object) && heldBack === undefined && stillHeld !== true)
    return { kind: 'look', reason: 'its machines may be replaced by now' };
  // Once it is degraded, it looks again by itself.
  if (controlPlane !== undefined && conditionOf(object, 'Degraded') === undefined) {
    return { kind: 'look', reason: controlPlane.replicas.map(({ message }) => message).join('; ') };
  }
  return { kind: 'report', differences: [], ...(note === undefined ? {} : { note }) };
};

const judgeOperation = (
  object: StoredObject,
  operation: OperationInput,
  inventory: readonly Found[],
  inside: Inside | undefined,
): Finding => {
  const { type, plan, revision, unreachable } = operation;
  if (purposeOf(operation) !== 'make') return { kind: 'look', reason: `${type} is due` };
  // Nobody can work with the cluster until it is mended, so this is not left for a person to ask.
  if (unreachable !== undefined) return { kind: 'look', reason: unreachable };
  if (revision !== undefined) return { kind: 'look', reason: asksFor(revision) };
  // Without it a delete would leave everything behind, so it is put back and not told of (I3).
  if (plan.steps.some(({ resource }) => resource.kind === 'finalizer')) {
    return { kind: 'look', reason: 'its finalizer was taken from it' };
  }
  const differences = differencesOf(plan, inventory, addonsRead(inside) !== undefined).slice(0, TOLD);
  return { kind: 'report', differences, ...noteIn(object) };
};

const judge = (
  object: StoredObject,
  assessment: Assessment,
  inventory: readonly Found[],
  inside: Inside | undefined,
): Finding | undefined => {
  switch (assessment.kind) {
    case 'settled':
      return judgeSettled(object, assessment);
    case 'operate':
      return judgeOperation(object, assessment.operation, inventory, inside);
    case 'waiting':
      return { kind: 'report', differences: [{ key: 'cluster', difference: assessment.reason }], ...noteIn(object) };
    case 'blocked':
      return { kind: 'look', reason: assessment.reason };
    case 'orphaned':
    case 'finished':
      return undefined;
  }
};

/** What the APIs of clusters said; absent where nobody asked. */
export type Answers = {
  /** Of a pool's cluster. */
  readonly nodes?: ClusterNodes | undefined;
  /** Of the cluster itself. */
  readonly inside?: Inside | undefined;
};

const seenBy = (
  object: StoredObject,
  inventory: readonly Found[],
  { nodes, inside }: Answers,
): { readonly nodes?: NodeCounts; readonly inside?: InsideSeen } => {
  if (object.kind === 'AWSCluster') return inside === undefined ? {} : { inside: insideSeen(inside) };
  return nodes === undefined ? {} : { nodes: nodesSeen(object, inventory, nodes) };
};

/** Those of the pool that joined and are not Ready; a machine without a node has no name here. */
const saidOf = ({ metadata }: AWSNodePool, answer: ClusterNodes | undefined): string => {
  if (answer === undefined || 'unread' in answer) return '';
  const names = answer.notReady[nodePoolIdOf(metadata.uid)] ?? [];
  return names.length === 0 ? '' : `; not Ready: ${shortened(names.join(', '), LONGEST)}`;
};

/**
 * Fewer nodes are Ready than there should be, for the second time in a row: which ones, and what is to be done about them, is decided
 * by who looks at machines one by one. Once it has named some, it looks again by itself. Not while the pool itself differs: whoever
 * looks mends that, and what would take a machine's place is made from it.
 */
const tooFewReady = (
  object: StoredObject,
  { differences, nodes }: Report,
  answer: ClusterNodes | undefined,
): Finding | undefined => {
  if (object.kind !== 'AWSNodePool' || nodes === undefined || 'unread' in nodes) return undefined;
  const { ready, desired = 0 } = nodes;
  const isKnown = object.status?.unhealthyNodes !== undefined;
  return ready < desired && isShort(object) && differences.length === 0 && !isKnown
    ? { kind: 'look', reason: `${ready} of ${desired} nodes are Ready, after too few before${saidOf(object, answer)}` }
    : undefined;
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
  answers: Answers = {},
): Finding | undefined => {
  const judged = judge(object, assessment, inventory, answers.inside);
  if (judged === undefined || judged.kind === 'look') return judged;
  const seen = seenBy(object, inventory, answers);
  const finding = { ...judged, ...seen };
  const short = tooFewReady(object, finding, answers.nodes);
  if (short !== undefined) return short;
  const { note, differences: drift } = finding;
  const subject = { kind: 'settled' as const, drift, ...seen, ...(note === undefined ? {} : { note }) };
  if (!isDeepStrictEqual(nodeCounts(subject, object), nodeCounts({ kind: 'settled' }, object))) return finding;
  const claims = specificClaims(subject, object, object.status?.revision);
  const wanted = Object.entries(claims).map(([type, claim]) => ({ ...claim, type }));
  return isDeepStrictEqual(said(wanted), said(object.status?.conditions ?? [])) ? undefined : finding;
};
