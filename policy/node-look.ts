/**
 * Node look: whatever changes how many nodes a pool has ends by a look at them.
 *
 * Owns: that look, where a plan waits for no nodes anyway; and that neither counts what is left of nodes whose machines the plan has
 * ended. Neighbours: a kind's row says that it changes nodes; `decide-nodepool.ts` has every plan of a pool pass through here, and its
 * way back; `node-counts.ts` shows what was seen. Pure.
 */
import { rowOf } from '../kinds/resource.ts';
import { nameInKey, nodeMachineKey, nodesKey } from '../words/keys.ts';
import type { Value } from '../words/references.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step, WaitStep } from './plan.ts';
import { waitStep } from './steps.ts';

/** The pool, and where the API of its cluster is. */
type Looked = { readonly poolId: string; readonly endpoint: Value };

const changesNodes = ({ verb, resource: { kind } }: Step): boolean =>
  verb !== 'wait' && rowOf(kind).changesNodes === true;

/** Machines that the steps end, by their ids. */
const goneBy = (steps: readonly Step[]): readonly string[] =>
  steps
    .filter(({ verb, resource: { key } }) => verb === 'remove' && key === nodeMachineKey(nameInKey(key)))
    .map(({ resource: { key } }) => nameInKey(key))
    .sort();

/** The same wait, once the others are done, and without those that they end. */
const after = (wait: WaitStep, changing: readonly Step[]): WaitStep => {
  const gone = goneBy(changing);
  const needs = [...new Set([...wait.needs, ...changing.map(({ id }) => id)])].sort();
  if (gone.length === 0) return { ...wait, needs };
  const properties = { ...wait.resource.properties, gone };
  return { ...wait, needs, resource: { ...wait.resource, properties } as WaitStep['resource'] };
};

const lookedAfter = (steps: readonly Step[], { poolId, endpoint }: Looked): readonly Step[] => {
  const changing = steps.filter(changesNodes);
  if (changing.length === 0) return steps;
  const key = nodesKey(poolId);
  const isLook = (step: Step): step is WaitStep => step.verb === 'wait' && step.resource.key === key;
  const look =
    steps.find(isLook) ?? waitStep({ key, kind: 'nodes', properties: { endpoint, poolId, expected: 0 } }, []);
  const others = steps.filter((step) => !isLook(step));
  return orderedSteps([...others, after(look, changing)]);
};

/** The plan, and its way back, which then end by a look at the pool's nodes where they change how many there are. */
export const endingInLook = (plan: Plan, looked: Looked): Plan => ({
  ...plan,
  steps: lookedAfter(plan.steps, looked),
  ...(plan.undo === undefined ? {} : { undo: lookedAfter(plan.undo, looked) }),
});
