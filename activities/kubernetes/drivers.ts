/**
 * Drivers of Kubernetes kinds, by kind.
 *
 * Owns: the one list, and what they are made of. Neighbours: `worker/activities.ts` puts them beside those of AWS and the hub.
 */
import { nodePoolName, replicaName } from '../../api/names.ts';
import type { ResourceKind } from '../../kinds/resource.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { REPLICAS } from '../../topology/values.ts';
import { present } from '../../words/present.ts';
import type { SizeOf } from '../aws/auto-scaling-group.ts';
import type { LaunchTroubles } from '../aws/launches.ts';
import type { ResourceDriver } from '../driver.ts';
import { addonDriver } from './addon.ts';
import type { AddonSettings } from './addon-objects.ts';
import { nodesDriver } from './awaited-nodes.ts';
import { controlPlaneDriver } from './control-plane.ts';
import { cordonDriver } from './cordon.ts';
import { drainDriver } from './drain.ts';
import { finalizerDriver } from './finalizer.ts';
import { readInsights } from './insights.ts';
import { joinTokenDriver } from './join-token.ts';
import { noticingLaunches } from './launching.ts';
import { nodeLabelsDriver } from './node-labels.ts';
import { nodePoolsDriver } from './node-pools.ts';
import { secretDriver } from './secret.ts';
import { upgradeInsightsDriver } from './upgrade-insights.ts';
import type { UserClusters } from './user-cluster.ts';

type KubernetesKind = Extract<
  ResourceKind,
  | 'finalizer'
  | 'secret'
  | 'control-plane'
  | 'join-token'
  | 'nodes'
  | 'node-pools'
  | 'addon'
  | 'cordon'
  | 'drain'
  | 'node-labels'
  | 'upgrade-insights'
>;

export type KubernetesDrivers = { readonly [K in KubernetesKind]: ResourceDriver<K> };

export const kubernetesDrivers = (dependencies: {
  readonly management: KubernetesClient;
  readonly userClusters: UserClusters;
  readonly addons?: AddonSettings;
  readonly launchTroubles: LaunchTroubles;
  readonly sizeOf: SizeOf;
  /** Where snapshots go; absent where nobody said so. */
  readonly bucket?: string;
}): KubernetesDrivers => {
  const { management, userClusters, addons, launchTroubles, sizeOf, bucket } = dependencies;
  return {
    finalizer: finalizerDriver(management),
    secret: secretDriver(management),
    'control-plane': noticingLaunches(
      controlPlaneDriver(userClusters),
      ({ owner }) => REPLICAS.map((index) => replicaName(owner.clusterId, index)),
      launchTroubles,
    ),
    'join-token': joinTokenDriver(management, userClusters),
    nodes: noticingLaunches(
      nodesDriver(userClusters, sizeOf),
      ({ owner, properties }) => [nodePoolName(owner.clusterId, properties.poolId)],
      launchTroubles,
    ),
    'node-pools': nodePoolsDriver(management),
    addon: addonDriver(userClusters, addons),
    cordon: cordonDriver(userClusters),
    'node-labels': nodeLabelsDriver(userClusters),
    drain: drainDriver(management, userClusters),
    'upgrade-insights': upgradeInsightsDriver(management, readInsights(management, userClusters), present({ bucket })),
  };
};
