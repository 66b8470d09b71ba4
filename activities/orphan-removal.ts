/**
 * Orphan removal: the operation that takes away what belongs to no object, planned on a person's request.
 *
 * Owns: that everything is read once more, at the moment of the request, before anything is planned. Neighbours: `orphans.ts` reads both sides,
 * `inventory.ts` all of the cluster, `policy/remove-orphans.ts` judges and plans; the workflow runs it as it runs any deletion.
 * Invariants: I4, I6 (reads only), I12 (what could not be read whole plans nothing).
 */
import { entityWorkflowId } from '../api/names.ts';
import type { ObjectKind } from '../api/object.ts';
import type { LivingOwner } from '../policy/adoption.ts';
import type { OperationInput } from '../policy/assessment.ts';
import type { Inventory } from '../policy/plan.ts';
import { judgeRemoval, type OrphanRemoval, planRemoval } from '../policy/remove-orphans.ts';
import { present } from '../words/present.ts';
import { ended } from '../words/text.ts';
import type { ObserveRequest } from './assess.ts';
import type { OrphanList, Pacing } from './contract.ts';
import { blockedError } from './verdicts.ts';

export type OrphanRemovalSources = {
  readonly orphans: (signal: AbortSignal) => Promise<OrphanList>;
  readonly owners: (kind: ObjectKind, signal: AbortSignal) => Promise<readonly LivingOwner[]>;
  readonly observe: (request: ObserveRequest, signal: AbortSignal) => Promise<Inventory>;
  readonly settleSeconds: number;
  readonly pacing?: Pacing;
};

export const createOrphanRemoval =
  ({ orphans, owners, observe, settleSeconds, pacing }: OrphanRemovalSources) =>
  async (removal: OrphanRemoval, signal: AbortSignal): Promise<OperationInput> => {
    const { clusterId } = removal;
    const refuse = (why: string): never => {
      throw blockedError(`Nothing of ${clusterId} is removed: ${ended(why)}`);
    };
    const { account, clusters } = await orphans(signal);
    const lost = judgeRemoval(removal, clusters, await owners('AWSCluster', signal));
    if ('refused' in lost) return refuse(lost.refused);
    const { object } = lost;
    const inventory = await observe(
      {
        ...{ object, clusterId, clusterUid: object.uid, clusterName: object.name, subnetIds: [] },
        ...{ clusterGoes: true, objectGoes: true, isNew: false },
      },
      signal,
    );
    const plan = planRemoval(removal, lost, inventory, settleSeconds);
    if ('refused' in plan) return refuse(plan.refused);
    return {
      v: 1,
      type: 'DeleteCluster',
      ...{ object, plan, generation: 0, version: '', kubernetesVersion: '' },
      owner: { account, region: inventory.region, clusterId, uid: object.uid },
      entityId: entityWorkflowId(object),
      ...present({ pacing }),
    };
  };
