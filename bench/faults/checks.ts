/**
 * Checks: what must be true of a life, whatever its faults were.
 *
 * Owns: the judgement, invariant by invariant, against a clean life of the same manifest. Neighbours: `life.ts` gathered the
 * facts. Pure.
 */

import { operationIdOf } from '../../words/operations.ts';
import type { OperationRun } from './histories.ts';
import type { Life } from './life.ts';
import type { Target } from './messages.ts';

/** The clean life, for comparison. */
export type Clean = Pick<Life, 'made' | 'etcd'>;

const counted = (all: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
};

export const difference = (what: string, had: readonly string[], wanted: readonly string[]): string[] => {
  const [mine, theirs] = [counted(had), counted(wanted)];
  return [...new Set([...had, ...wanted])].sort().flatMap((one) => {
    const [a, b] = [mine.get(one) ?? 0, theirs.get(one) ?? 0];
    return a === b ? [] : [`${what}: ${one} is there ${a} times instead of ${b}`];
  });
};

/** Runs of one operation id that overlap. */
export const overlapping = (runs: readonly OperationRun[]): string[] =>
  runs.flatMap((run) =>
    runs
      .filter((other) => other !== run && other.workflowId === run.workflowId)
      .filter(
        (other) => other.startedAt >= run.startedAt && other.startedAt < (run.closedAt ?? Number.POSITIVE_INFINITY),
      )
      .map((other) => `I1: ${run.type} and ${other.type} of ${run.workflowId} ran at once`),
  );

/** Those that had to run, and no others. */
export const operations = (runs: readonly OperationRun[], wanted: readonly string[]): string[] => {
  const types = new Set(
    runs.filter(({ workflowId }) => workflowId.endsWith(operationIdOf(''))).map(({ type }) => type),
  );
  const missing = wanted.filter((type) => !types.has(type)).map((type) => `no ${type} ran`);
  const others = [...types].filter((type) => !wanted.includes(type)).map((type) => `${type} ran, for no reason`);
  return [...missing, ...others];
};

const LIFE = ['CreateCluster', 'CreateNodePool', 'DeleteCluster', 'DeleteNodePool'];

export const unfinished = (runs: readonly OperationRun[]): string[] =>
  runs.flatMap(({ workflowId, status }) =>
    ['COMPLETED', 'CONTINUED_AS_NEW'].includes(status) ? [] : [`${workflowId} ended as ${status}`],
  );

/** Nothing was changed in AWS or the hub before the finalizer was on the object (I3). */
const beforeFinalizer = (life: Life): string[] => {
  const first = life.calls.findIndex(
    ({ mutating, service }) => mutating && !['management', 'cluster'].includes(service),
  );
  const finalizer = life.calls.findIndex(
    ({ name, mutating }) => mutating && /CreateCluster · ensure finalizer/.test(name),
  );
  if (first === -1 || finalizer === -1 || finalizer < first) return [];
  return [`I3: ${life.calls[first]?.name} came before the finalizer`];
};

/** Quorum, and no volume with data that holds none any more (I5). A replica that boots late adds its own. */
const etcdOf = ({ etcd }: Life, clean: Clean): string[] => {
  if (clean.etcd[0] === undefined) return [];
  const later = new Set(etcd[1]?.volumes);
  return [
    ...etcd.flatMap((one) => (one?.hasQuorum === true ? [] : ['I5: etcd has no quorum'])),
    ...(etcd[0]?.volumes ?? [])
      .filter((volume) => !later.has(volume))
      .map((one) => `I5: ${one} holds no data any more`),
  ];
};

/** Everything that is wrong with it, in sentences; empty where nothing is. The order of calls goes with a worker that dies. */
export const judge = (life: Life, clean: Clean, targets: readonly Target[]): readonly string[] => [
  ...operations(life.runs, LIFE),
  ...unfinished(life.runs),
  ...overlapping(life.runs),
  ...difference('I2, after the create', life.made, clean.made),
  ...[...life.most].flatMap(([what, most]) => {
    const wanted = clean.made.filter((one) => one === what).length;
    return most > wanted ? [`I2: ${what} was there ${most} times at once`] : [];
  }),
  ...(targets.some(({ fault }) => fault === 'killed') ? [] : beforeFinalizer(life)),
  ...etcdOf(life, clean),
  ...life.secondLook.map(({ name }) => `I6: a second look sent ${name}`),
  ...life.left.map((one) => `I7: ${one} is left`),
  ...life.leaked.map((one) => `I8: the content of ${one} stands in a history`),
];
