/**
 * Drivers of Kubernetes kinds, by kind.
 *
 * Owns: the one list, and what they are made of. Neighbours: `activities/index.ts` puts them beside those of AWS and the hub.
 */
import type { ResourceKind } from '../../topology/resource.ts';
import type { ResourceDriver } from '../driver.ts';
import { type AddonSettings, addonDriver } from './addon.ts';
import type { KubernetesClient } from './client.ts';
import { controlPlaneDriver } from './control-plane.ts';
import { finalizerDriver } from './finalizer.ts';
import { joinTokenDriver } from './join-token.ts';
import { nodePoolsDriver } from './node-pools.ts';
import { nodesDriver } from './nodes.ts';
import { secretDriver } from './secret.ts';
import type { UserClusters } from './user-cluster.ts';

export type KubernetesKind = Extract<
  ResourceKind,
  'finalizer' | 'secret' | 'control-plane' | 'join-token' | 'nodes' | 'node-pools' | 'addon'
>;

export type KubernetesDrivers = { readonly [K in KubernetesKind]: ResourceDriver<K> };

export const kubernetesDrivers = (dependencies: {
  readonly management: KubernetesClient;
  readonly userClusters: UserClusters;
  readonly addons?: AddonSettings;
}): KubernetesDrivers => {
  const { management, userClusters, addons } = dependencies;
  return {
    finalizer: finalizerDriver(management),
    secret: secretDriver(management),
    'control-plane': controlPlaneDriver(userClusters),
    'join-token': joinTokenDriver(management, userClusters),
    nodes: nodesDriver(userClusters),
    'node-pools': nodePoolsDriver(management),
    addon: addonDriver(userClusters, addons),
  };
};
