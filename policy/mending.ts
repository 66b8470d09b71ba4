/**
 * Mending: what is done unasked about what others changed of an object's things, where `spec.driftPolicy` is Mend.
 *
 * Owns: whose policy holds, which operation is a mending, and how often in a row one thing is mended before a person has to look:
 * whoever changes it again and again is not fought. Neighbours: `drift.ts` asks what of a sweep's differences is due, `decide-*.ts`
 * plan as for any other look, `remembered.ts` keeps the count in status. Pure.
 * Invariants: I6 (nothing is mended unasked but by a policy that a person wrote).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { Mended } from '../api/status.ts';
import type { Found } from '../kinds/resource.ts';
import { poolGroupKey } from '../words/keys.ts';
import type { OperationType } from '../words/operations.ts';
import { timeOf } from '../words/time.ts';
import { conditionOf } from './conditions.ts';
import { askedFor, tooMany } from './shrink.ts';
import type { Drift, Mending, StoredObject, Subject } from './views.ts';

type DriftPolicy = AWSCluster['spec']['driftPolicy'];

/** What the object's spec says, or its cluster's. */
export const driftPolicyOf = (object: StoredObject, cluster: AWSCluster | null): DriftPolicy =>
  object.spec.driftPolicy ?? cluster?.spec.driftPolicy ?? 'Report';

const MENDS: readonly string[] = ['MendCluster', 'MendNodePool'] satisfies readonly OperationType[];

/** Everything that was asked for was there: what differs since is others' doing. A mending that did not succeed is still one. */
const wasAsAskedFor = ({ metadata, status }: StoredObject): boolean => {
  if (status?.observedGeneration !== metadata.generation) return false;
  const { type, state } = status.lastOperation ?? {};
  return status.state === 'Provisioned' || (type !== undefined && MENDS.includes(type) && state !== 'succeeded');
};

/** What an operation is about to mend, where it is for that; undefined where it is for something else, or nobody allows it unasked. */
export const mendingOf = (
  object: StoredObject,
  cluster: AWSCluster | null,
  differences: readonly Drift[],
): readonly Drift[] | undefined =>
  differences.length > 0 && driftPolicyOf(object, cluster) === 'Mend' && wasAsAskedFor(object)
    ? differences
    : undefined;

/** That a group keeps more machines than the spec asks for, which no step of a plan shows: each of them is drained in a turn. */
export const surplusIn = (pool: AWSNodePool, inventory: readonly Found[]): readonly Drift[] => {
  const surplus = tooMany(pool, inventory);
  if (surplus === 0) return [];
  const key = poolGroupKey(nodePoolIdFor(pool));
  return [{ key, difference: `it keeps ${surplus} more than ${askedFor(pool.spec)} machines` }];
};

/** The reason of the condition Drifted where something was mended so often that it is left to a person. */
export const RETURNS = 'ReturnsAfterMending';

/** So often in a row one thing is mended unasked. */
export const MOST_IN_A_ROW = 3;
/** What stayed as it should be for so long is no longer in a row. */
export const IN_A_ROW_SECONDS = 7 * 24 * 3_600;
/** Resources of which a count is kept: a cluster with all that belongs to it has fewer. */
const MOST_KEPT = 60;

type Moment = {
  /** Epoch milliseconds of the sweep. */
  readonly now: number;
  /** Between two sweeps. */
  readonly everySeconds: number;
};

const isInARow = ({ lastTime }: Mended, now: number): boolean => now - Date.parse(lastTime) < IN_A_ROW_SECONDS * 1_000;

/** The pause after so many times: two sweeps, four, … */
const nextTime = ({ times, lastTime }: Mended, everySeconds: number): number =>
  Date.parse(lastTime) + everySeconds * 2 ** times * 1_000;

type Standing =
  | { readonly kind: 'due' }
  /** Mended again by itself, from then on. */
  | { readonly kind: 'later'; readonly at: number }
  /** Mended so often that somebody must be behind it. */
  | { readonly kind: 'returns' };

const standingOf = (object: StoredObject, key: string, { now, everySeconds }: Moment): Standing => {
  const before = object.status?.mended?.find(({ resource }) => resource === key);
  if (before === undefined) return { kind: 'due' };
  // It is told for as long as it lasts, however long that is.
  const isTold = conditionOf(object, 'Drifted')?.reason === RETURNS;
  if (before.times >= MOST_IN_A_ROW) return isTold || isInARow(before, now) ? { kind: 'returns' } : { kind: 'due' };
  const at = nextTime(before, everySeconds);
  return !isInARow(before, now) || at <= now ? { kind: 'due' } : { kind: 'later', at };
};

/** Of what a sweep found: `due` where any of it is to be mended now, with all the rest; else what is to be said of it. */
export const judgeMending = (object: StoredObject, differences: readonly Drift[], moment: Moment): 'due' | Mending => {
  const keys = [...new Set(differences.map(({ key }) => key))].sort();
  const standings = keys.map((key) => ({ key, standing: standingOf(object, key, moment) }));
  if (standings.some(({ standing }) => standing.kind === 'due')) return 'due';
  const later = standings.flatMap(({ standing }) => (standing.kind === 'later' ? [standing.at] : []));
  return {
    returns: standings.flatMap(({ key, standing }) => (standing.kind === 'returns' ? [key] : [])),
    ...(later.length === 0 ? {} : { again: timeOf(Math.min(...later)) }),
  };
};

/** The count, once an operation has mended something: told twice of the same operation it counts once. */
export const mendedAfter = (subject: Subject, before: readonly Mended[] = []): readonly Mended[] => {
  if (subject.kind !== 'operation' || subject.operation.state !== 'succeeded') return before;
  const { mends = [], startedAt, finishedAt = startedAt } = subject.operation;
  const lastTime = timeOf(finishedAt);
  if (mends.length === 0 || before.some((one) => one.lastTime === lastTime)) return before;
  const counting = before.filter((one) => isInARow(one, finishedAt));
  const keys = [...new Set(mends.map(({ key }) => key))].sort();
  const timesOf = (key: string): number => counting.find(({ resource }) => resource === key)?.times ?? 0;
  // No sweep has that mended: a person asked, and it counts from the beginning.
  const asked = keys.every((key) => timesOf(key) >= MOST_IN_A_ROW);
  const now = keys.map((resource) => ({ resource, times: asked ? 1 : timesOf(resource) + 1, lastTime }));
  return [...now, ...counting.filter(({ resource }) => !keys.includes(resource))].slice(0, MOST_KEPT);
};
