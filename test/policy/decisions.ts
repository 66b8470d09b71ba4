/** What is decided about a cluster in the tests' account, by a worker that serves it. */
import type { AWSCluster } from '../../api/cluster.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import type { ClusterFacts } from '../../policy/facts.ts';
import type { Inventory } from '../../policy/plan.ts';
import { ACCOUNT, REGION } from '../topology/objects.ts';
import { OBJECT, T0 } from './operation-views.ts';

export const decisionAbout = (object: AWSCluster, inventory: Inventory, more: Partial<ClusterFacts> = {}) =>
  decideCluster({
    requested: OBJECT,
    worker: { account: ACCOUNT, regions: [REGION] },
    entityId: 'entity',
    settleSeconds: 120,
    repair: { afterSeconds: 300 },
    now: T0,
    object,
    inventory,
    ...more,
  });
