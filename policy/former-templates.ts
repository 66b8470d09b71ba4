/**
 * Former templates: launch templates that an upgrade, or its way back, has left behind.
 *
 * Owns: that one goes once nothing launches from it and no machine was made of it. Neighbours: `decide-cluster.ts` asks of replicas, once
 * nothing is on its way and there is no way back to them; `decide-turns.ts` of a node pool, whose machines it knows. Pure.
 */
import { type Found, observedState, type Resource } from '../kinds/resource.ts';
import { REPLICAS } from '../topology/values.ts';
import { machineInKey, type ResourceKey, replicaGroupKey, replicaMachine } from '../words/keys.ts';
import type { Plan, Step } from './plan.ts';
import { removeStep } from './steps.ts';

const MACHINES: ReadonlySet<string> = new Set(REPLICAS.map(replicaMachine));

/** Of the templates that groups launch from, and that machines were made of. */
const idsInUse = (inventory: readonly Found[]): ReadonlySet<string> =>
  new Set(
    REPLICAS.flatMap((index) => {
      const group = inventory.find(({ key }) => key === replicaGroupKey(index));
      if (group === undefined) return [];
      const { launchTemplateId, instances = [] } = observedState('auto-scaling-group', group);
      return [launchTemplateId, ...instances.map(({ templateId }) => templateId)];
    }),
  );

/** Of those that were made for the same machines, whatever is neither wanted nor in use, removed after all else that the plan makes. */
export const removedTemplates = (
  inventory: readonly Found[],
  isFormer: (key: ResourceKey) => boolean,
  { inUse, steps }: { readonly inUse: ReadonlySet<string | undefined>; readonly steps: readonly Step[] },
): readonly Step[] => {
  const after = steps.filter(({ verb }) => verb === 'ensure').map(({ id }) => id);
  return inventory.flatMap((found) => {
    const { kind, key, outputs } = found;
    if (kind !== 'launch-template' || !isFormer(key) || inUse.has(outputs.id)) return [];
    return [removeStep({ key, kind, properties: { name: observedState(kind, found).name } }, after, found)];
  });
};

export const formerReplicaTemplates = (
  topology: readonly Resource[],
  inventory: readonly Found[],
  { steps }: Plan,
): readonly Step[] => {
  const wanted = new Set(topology.map(({ key }) => key));
  const isFormer = (key: ResourceKey): boolean => MACHINES.has(machineInKey(key)) && !wanted.has(key);
  return removedTemplates(inventory, isFormer, { inUse: idsInUse(inventory), steps });
};
