/**
 * Changes: what must be true once a node pool that stands has been changed and is again as it was, whatever the faults were.
 *
 * Owns: the judgement, against the same change without a fault. Neighbours: `standing.ts` gathered the facts, `checks.ts` judges a
 * create and a delete. Pure.
 */
import { difference, operations, overlapping, unfinished } from './checks.ts';
import type { Situation } from './situations.ts';
import type { Change } from './standing.ts';

const kept = ({ nodes: { before, after } }: Change): number =>
  before.filter(({ machine }) => after.some((one) => one.machine === machine)).length;

/** Of the machines that were there, and of those that came: as many as without a fault, and none that is no node. */
const machinesOf = (change: Change, clean: Change): string[] => {
  const { nodes, machines, seen } = change;
  const joined = nodes.after.map(({ machine }) => machine).sort();
  return [
    ...difference('machines of the pool and its nodes', machines, joined),
    ...(kept(change) === kept(clean)
      ? []
      : [`${kept(change)} of the machines that were there are left instead of ${kept(clean)}`]),
    ...(seen.length === clean.seen.length
      ? []
      : [`${seen.length} machines were nodes at one time or another instead of ${clean.seen.length}`]),
  ];
};

const nodesOf = ({ nodes: { before, after } }: Change): string[] => [
  ...(after.length === before.length ? [] : [`${after.length} nodes are left of ${before.length}`]),
  ...after.flatMap(({ name, isClosed, isMarked, isReady }) =>
    isClosed || isMarked || !isReady ? [`node ${name} is ${isReady ? 'still closed' : 'not Ready'}`] : [],
  ),
];

/** Everything that is wrong with it, in sentences; empty where nothing is. */
export const judgeChange = (change: Change, clean: Change, situation: Situation): readonly string[] => [
  ...operations(change.runs, situation.operations),
  ...unfinished(change.runs),
  ...overlapping(change.runs),
  ...difference('the account, afterwards', change.rows.after, change.rows.before),
  ...[...change.most].flatMap(([what, most]) => {
    const wanted = clean.most.get(what) ?? 0;
    return most > wanted ? [`I2: ${what} was there ${most} times at once instead of ${wanted}`] : [];
  }),
  ...nodesOf(change),
  ...machinesOf(change, clean),
  ...change.pods,
  ...change.secondLook.map(({ name }) => `I6: a second look sent ${name}`),
  ...change.leaked.map((one) => `I8: the content of ${one} stands in a history`),
];
