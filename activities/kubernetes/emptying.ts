/**
 * Emptying: the node of a machine that is to end is closed and drained, whatever it is called.
 *
 * Owns: finding the node by the machine's id, also one that lost its pool's label; one without a node has nothing to drain. Neighbours: `cordon.ts` closes, `drain.ts`
 * evicts and says what stays; `aws/surge.ts` ends the machine then. Invariant: I9 (what is awaited is thrown, and told).
 */
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { cordonKey, drainKey } from '../../words/keys.ts';
import type { EmptyMachine } from '../aws/surge.ts';
import { notYet } from '../verdicts.ts';
import { cordonDriver } from './cordon.ts';
import { drainDriver } from './drain.ts';
import { readAllNodes, readPoolNodes } from './pool-nodes.ts';
import type { UserClusters } from './user-cluster.ts';

export const emptyMachine = (management: KubernetesClient, userClusters: UserClusters): EmptyMachine => {
  const cordon = cordonDriver(userClusters);
  const drain = drainDriver(management, userClusters);
  const labelled = readPoolNodes(userClusters);
  const all = readAllNodes(userClusters);
  return async (instanceId, sought) => {
    const { endpoint, poolId, drainSeconds: seconds } = sought.properties;
    const { namespace } = sought.object;
    const { clusterId } = sought.owner;
    const pool = { namespace, clusterId, endpoint, poolId };
    const node =
      (await labelled(pool, sought.signal)).get(instanceId) ?? (await all(pool, sought.signal)).get(instanceId);
    if (node === undefined) return;
    const common = { ...sought, incarnation: 0 };
    await cordon.create({
      ...common,
      kind: 'cordon',
      key: cordonKey(instanceId),
      properties: { endpoint, node: node.name },
    });
    const properties = { endpoint, of: { node: node.name }, seconds };
    const looked = await drain.check?.({ ...common, kind: 'drain', key: drainKey(instanceId), properties });
    if (looked?.ready === false) throw notYet(looked.awaited, looked.againInMs);
  };
};
