/**
 * Drift: what of an object's resources is not, or no longer, as its spec asks for.
 *
 * Owns: what a sweep makes of an assessment: the same plan that an operation would carry out, told as differences instead,
 * and whether the object's status says so already. Neighbours: `decide-*.ts` plan, `differences.ts` names what differs, `mending.ts`
 * says what of it is mended unasked, `specific-conditions.ts` words the conditions. Pure. Invariants: I6 (drift is told, and mended
 * where the spec says so; unasked only what leaves nobody a way to the API, and what others took from the object itself), I12 (an object that
 * an operation looks after, or that can't be judged, has no drift).
 */
import { isDeepStrictEqual } from 'node:util';
import type { AWSCluster } from '../api/cluster.ts';
import { nodePoolIdOf } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { isDeleting } from '../api/object.ts';
import type { Condition } from '../api/status.ts';
import type { Found } from '../kinds/resource.ts';
import { purposeOf } from '../words/operations.ts';
import { present } from '../words/present.ts';
import { shortened } from '../words/text.ts';
import type { Assessment, OperationInput } from './assessment.ts';
import { type BackupSeen, backupStatus } from './backup-status.ts';
import type { CertificatesSeen } from './certificates.ts';
import { conditionOf } from './conditions.ts';
import { differencesOf, replacedIn } from './differences.ts';
import { isSaidHeldBack } from './held-back.ts';
import { addonsRead, insideSeen } from './inside.ts';
import { judgeMending, mendingOf, surplusIn } from './mending.ts';
import { type ClusterNodes, isShort, nodeCounts, nodesSeen } from './node-counts.ts';
import type { Inside, InsideSeen } from './plan.ts';
import { specificClaims } from './specific-conditions.ts';
import type { UpgradeSeen } from './upgrade-insights.ts';
import type { Drift, Mending, NodeCounts, StoredObject } from './views.ts';

/** What an entity is to be told. `look` is for what only an assessment may decide about, such as a lost volume. */
export type Finding =
  | {
      readonly kind: 'report';
      readonly note?: string;
      readonly differences: readonly Drift[];
      readonly mends?: true;
      readonly mending?: Mending;
      readonly nodes?: NodeCounts;
      readonly inside?: InsideSeen;
      readonly upgrade?: UpgradeSeen;
      readonly backup?: BackupSeen;
      readonly certificates?: CertificatesSeen;
    }
  | { readonly kind: 'look'; readonly reason: string };

type Report = Extract<Finding, { kind: 'report' }>;

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
  const differences = [...differencesOf(plan, inventory, addonsRead(inside) !== undefined), ...replacedIn(plan)];
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

/** Beside what AWS says. */
export type Answers = {
  /** The cluster of a pool, by whose policy drift may be mended; the time of the sweep, and between two of them. Without it drift is told only. */
  readonly moment?: { readonly cluster: AWSCluster | null; readonly now: number; readonly everySeconds: number };
  /** What the APIs of clusters said; absent where nobody asked. */
  /** Of a pool's cluster. */
  readonly nodes?: ClusterNodes | undefined;
  /** Of the cluster itself. */
  readonly inside?: Inside | undefined;
  /** Of the cluster itself, about its next upgrade. */
  readonly upgrade?: UpgradeSeen | undefined;
  /** Its snapshots. */
  readonly backup?: BackupSeen | undefined;
  /** Its certificates. */
  readonly certificates?: CertificatesSeen | undefined;
};

const seenBy = (
  object: StoredObject,
  inventory: readonly Found[],
  { nodes, inside, upgrade, backup, certificates }: Answers,
): Pick<Report, 'nodes' | 'inside' | 'upgrade' | 'backup' | 'certificates'> => {
  if (object.kind === 'AWSCluster') {
    return present({ inside: inside === undefined ? undefined : insideSeen(inside), upgrade, backup, certificates });
  }
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

/** Whether what differs is mended now, or what is said of it meanwhile; neither where it is for a person to ask. */
const mendingIn = (
  object: StoredObject,
  assessment: Assessment,
  { differences, inventory }: { readonly differences: readonly Drift[]; readonly inventory: readonly Found[] },
  moment: Answers['moment'],
): Pick<Report, 'mends' | 'mending'> => {
  if (moment === undefined || (assessment.kind !== 'operate' && assessment.kind !== 'settled')) return {};
  const surplus = object.kind === 'AWSNodePool' ? surplusIn(object, inventory) : [];
  const drift = mendingOf(object, moment.cluster, [...differences, ...surplus]);
  if (drift === undefined) return {};
  const judged = judgeMending(object, drift, moment);
  return judged === 'due' ? { mends: true } : { mending: judged };
};

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
  const { mends, mending } = mendingIn(object, assessment, { differences: drift, inventory }, answers.moment);
  if (mends === true) return { ...finding, mends };
  const told = { ...finding, ...present({ mending }) };
  const subject = { kind: 'settled' as const, drift, ...seen, ...present({ note, mending }) };
  if (!isDeepStrictEqual(nodeCounts(subject, object), nodeCounts({ kind: 'settled' }, object))) return told;
  if (!isDeepStrictEqual(backupStatus(subject, object), backupStatus({ kind: 'settled' }, object))) return told;
  const claims = specificClaims(subject, object, object.status?.revision);
  const wanted = Object.entries(claims).map(([type, claim]) => ({ ...claim, type }));
  return isDeepStrictEqual(said(wanted), said(object.status?.conditions ?? [])) ? undefined : told;
};
