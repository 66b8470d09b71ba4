/**
 * Cordon: nothing new is scheduled on a node that is about to go.
 *
 * Owns: Slipway's mark beside `unschedulable`, in one write, so that what somebody else closed stays closed when Slipway opens its own
 * again. Neighbours: `drain.ts` empties what was closed; `pool-nodes.ts` tells whose cordon a node has.
 * Invariants: I2 (closing twice is closing), I4 (a cordon of somebody else is left as it is).
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { DRAIN_MARK } from '../../api/names.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { nameInKey } from '../../words/keys.ts';
import type { ResourceDriver, Sought, Wanted } from '../driver.ts';
import { NODE } from './nodes.ts';
import type { UserClusters } from './user-cluster.ts';

export const isClosed = (node: KubernetesObject): boolean =>
  (node['spec'] as { readonly unschedulable?: boolean } | undefined)?.unschedulable === true;

export const isClosedByUs = (node: KubernetesObject): boolean =>
  isClosed(node) && node.metadata.annotations?.[DRAIN_MARK] !== undefined;

/** Closes it, unless somebody did; answers whether it was open. Only the version that was seen is written over. */
export const closeNode = async (client: KubernetesClient, node: KubernetesObject, mark: string): Promise<boolean> => {
  if (isClosed(node)) return false;
  const { name, resourceVersion } = node.metadata;
  await client.patch(
    { ...NODE, name },
    { metadata: { resourceVersion, annotations: { [DRAIN_MARK]: mark } }, spec: { unschedulable: true } },
  );
  return true;
};

export const cordonDriver = (userClusters: UserClusters): ResourceDriver<'cordon'> => {
  const clientFor = ({ object, owner, properties }: Sought<'cordon'> | Wanted<'cordon'>) =>
    userClusters({ namespace: object.namespace, clusterId: owner.clusterId, endpoint: properties.endpoint });
  const nameOfNode = ({ properties }: Sought<'cordon'> | Wanted<'cordon'>) => ({ ...NODE, name: properties.node });
  return {
    kind: 'cordon',

    candidates: async (sought) => {
      const client = await clientFor(sought);
      const node = await client.find(nameOfNode(sought), { signal: sought.signal });
      if (node === null || !isClosedByUs(node)) return [];
      return [
        { key: sought.key, outputs: {}, state: undefined, label: `node ${sought.properties.node}`, belongsTo: 'ours' },
      ];
    },

    create: async (wanted) => {
      const client = await clientFor(wanted);
      const name = nameOfNode(wanted);
      const node = await client.find(name, { signal: wanted.signal });
      // Gone is as good as closed, and who else closed it means what we do.
      const closed = node !== null && (await closeNode(client, node, nameInKey(wanted.key)));
      return { outputs: {}, ...(closed ? {} : { change: 'unchanged' as const }) };
    },

    update: (_wanted, found) => Promise.resolve({ outputs: found.outputs, change: 'unchanged' }),

    remove: async (sought) => {
      const client = await clientFor(sought);
      const name = nameOfNode(sought);
      const node = await client.find(name, { signal: sought.signal });
      if (node === null || !isClosedByUs(node)) return;
      const { resourceVersion } = node.metadata;
      await client.patch(name, {
        metadata: { resourceVersion, annotations: { [DRAIN_MARK]: null } },
        spec: { unschedulable: null },
      });
    },
  };
};
