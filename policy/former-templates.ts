/**
 * Former templates: launch templates of replicas that an upgrade, or its way back, has left behind.
 *
 * Owns: that one goes once nothing launches from it and no machine was made of it, and never while there is a way back to it.
 * Neighbours: `decide-cluster.ts` asks once nothing is on its way; `decide-turns.ts` does the same for a node pool. Pure.
 */
import { type Found, observedState, type Resource } from '../kinds/resource.ts';
import { REPLICAS } from '../topology/values.ts';
import { machineInKey, replicaGroupKey, replicaMachine } from '../words/keys.ts';
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

export const formerReplicaTemplates = (
  topology: readonly Resource[],
  inventory: readonly Found[],
  { steps }: Plan,
): readonly Step[] => {
  const wanted = new Set(topology.map(({ key }) => key));
  const inUse = idsInUse(inventory);
  const after = steps.filter(({ verb }) => verb === 'ensure').map(({ id }) => id);
  return inventory.flatMap((found) => {
    const { kind, key, outputs } = found;
    if (kind !== 'launch-template' || !MACHINES.has(machineInKey(key)) || wanted.has(key)) return [];
    if (outputs.id !== undefined && inUse.has(outputs.id)) return [];
    return [removeStep({ key, kind, properties: { name: observedState(kind, found).name } }, after, found)];
  });
};
