/** A cluster with three node pools that is deleted as `kubectl delete -f` does it: all four at once, in few calls. */
import { CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Found } from '../../../kinds/resource.ts';
import { observed } from '../../../kinds/resource.ts';
import { planEnsure } from '../../../policy/ensure.ts';
import type { Plan } from '../../../policy/plan.ts';
import { planRemove, type RemoveRequest } from '../../../policy/remove.ts';
import { ALL_NODE_POOLS } from '../../../words/keys.ts';
import { CLUSTER_UID } from '../../topology/objects.ts';
import {
  CLUSTER,
  CLUSTER_ID,
  carryOut,
  doing,
  foundInManagement,
  judged,
  type Row,
  startAccount,
  type TestAccount,
} from './account.ts';
import { type CallKind, callKind, carryOutAtOnce } from './at-once.ts';
import { FRESH, observe, planOfPool, pools, type Standing, topology, VPC } from './seed.ts';

const poolObjects = observed(
  'node-pools',
  ALL_NODE_POOLS,
  {},
  { names: pools.map(({ name }) => name), poolIds: pools.map(({ poolId }) => poolId).sort() },
);

let account: TestAccount;
let aws: Aws;
let before: readonly Row[];

const inventoryOf = async (object: ObjectRef, standing: Standing): Promise<readonly Found[]> =>
  (await doing.run({ what: 'observe' }, () => observe(aws, object, standing))).found;

const planned = async (
  object: ObjectRef,
  subject: RemoveRequest['subject'],
  also: readonly Found[] = [],
): Promise<Plan> => {
  const inventory = [...(await inventoryOf(object, { clusterGoes: true })), ...also];
  return planRemove({ inventory, settleSeconds: 1, subject });
};

const OF_CLUSTER = { kind: 'AWSCluster', clusterName: 'cluster-0' } as const;

const deletePool = async ({ object, poolId }: (typeof pools)[number]): Promise<void> => {
  const plan = await planned(object, { kind: 'AWSNodePool', poolId });
  await carryOutAtOnce({ aws, object }, plan);
};

const deleteAll = async (): Promise<void> => {
  const gone = Promise.all(pools.map(deletePool));
  const plan = await planned(CLUSTER, OF_CLUSTER, [poolObjects]);
  await carryOutAtOnce({ aws, object: CLUSTER, played: { 'node-pools': () => gone } }, plan);
};

const countsOf = (calls: TestAccount['calls']): Readonly<Record<CallKind, number>> => {
  const counts: Record<CallKind, number> = { mutating: 0, inventory: 0, look: 0, wait: 0 };
  for (const call of calls) counts[callKind(call)] += 1;
  return counts;
};

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  before = await account.rows();
  const create = planEnsure(topology, await inventoryOf(CLUSTER, {}), FRESH).plan;
  await carryOut(account, aws, create, CLUSTER);
  for (const pool of pools) {
    const seen = [...(await inventoryOf(pool.object, { isNew: true })), ...foundInManagement(account, topology)];
    await carryOut(account, aws, planOfPool(pool, seen), pool.object);
  }
});
afterAll(() => account?.end());

describe('a cluster with three node pools', () => {
  test('is deleted with fewer than ninety calls, those apart that wait for what goes slowly', async () => {
    account.calls.length = 0;
    await deleteAll();
    expect(await account.rows()).toEqual(before);
    const { mutating, inventory, look } = countsOf(account.calls);
    expect(account.calls.filter((call) => call.mutating && call.code !== 'OK')).toEqual([]);
    expect(mutating).toBe(29);
    expect(mutating + inventory + look).toBeLessThan(90);
    // Each of the four is looked at once to plan, and twice to make sure.
    const proofs = account.calls.filter(({ by, operation }) => by?.what === 'account' && operation === 'DescribeTags');
    expect(proofs.filter((call) => callKind(call) === 'inventory')).toHaveLength(8);
  });

  test('is not gone while something of its own turns up between the two looks, and says what', async () => {
    const done: string[] = [];
    let planted: string | undefined;
    const after = async (id: string): Promise<void> => {
      done.push(id);
      if (id !== 'wait account/empty') return;
      const Tags = Object.entries({
        [CLUSTER_TAG]: CLUSTER_ID,
        [UID_TAG]: CLUSTER_UID,
        [KEY_TAG]: 'security-group/controlplane',
      }).map(([Key, Value]) => ({ Key, Value }));
      const { GroupId } = await account.clients.ec2.send(
        new CreateSecurityGroupCommand({
          GroupName: 'late',
          Description: 'made by a call of a worker that died',
          VpcId: VPC,
          TagSpecifications: [{ ResourceType: 'security-group', Tags }],
        }),
      );
      planted = GroupId;
    };
    const run = carryOutAtOnce({ aws, object: CLUSTER, after }, await planned(CLUSTER, OF_CLUSTER));
    const { verdict, message } = await judged(run);
    expect(verdict).toBe('superseded');
    expect(message).toContain(`Still in the account: security group ${planted} (late) [security-group/controlplane]`);
    expect(done).toContain('wait account/empty');
    expect(done).not.toContain('wait account/settled');
    expect(done).not.toContain('remove finalizer');

    // The plan that its entity makes then takes it away.
    const next = await planned(CLUSTER, OF_CLUSTER);
    expect(next.steps.map(({ id }) => id)).toContain('remove security-group/controlplane');
    await carryOutAtOnce({ aws, object: CLUSTER }, next);
    expect(await account.rows()).toEqual(before);
  });
});
