/** The proof that nothing is left: what goes by itself is waited for, what somebody must remove makes the plan outdated. */
import { CreateTagsCommand, CreateVolumeCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { CLUSTER_TAG, KEY_TAG, kubernetesClusterTag, UID_TAG } from '../../../api/names.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { CLUSTER_UID, SUBNETS } from '../../topology/objects.ts';
import { CLUSTER_ID, judged, perform, requestFor, startAccount, type TestAccount } from './account.ts';

const EMPTY: Resource = { key: 'account/empty', kind: 'account', properties: { settleSeconds: 60 } };
const subnetTags: Resource = {
  key: 'subnet-tags/shared',
  kind: 'subnet-tags',
  properties: { subnetIds: [SUBNETS[0] ?? ''], tags: { [kubernetesClusterTag(CLUSTER_ID)]: 'shared' } },
};

let account: TestAccount;
let aws: Aws;
beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
});
afterAll(() => account?.end());

/** One look by a step that was scheduled so many seconds ago. */
const lookAfter = (seconds: number) =>
  perform(aws, requestFor({ verb: 'wait', resource: EMPTY }), Date.now() - seconds * 1_000);

describe('the wait for an empty account', () => {
  test('is over once nothing is found twice, the settling time after it began', async () => {
    const early = await judged(lookAfter(10));
    expect(early).toMatchObject({ verdict: 'retry', waiting: true });
    expect(early.message).toMatch(/looking again in [1-5]\d s/);
    expect(await lookAfter(61)).toEqual({ change: 'unchanged', outputs: {} });
  });

  test('calls its plan outdated when a call of a worker that died made something after all', async () => {
    await account.clients.ec2.send(
      new CreateTagsCommand({
        Resources: [SUBNETS[0] ?? ''],
        Tags: [{ Key: kubernetesClusterTag(CLUSTER_ID), Value: 'shared' }],
      }),
    );
    expect(await judged(lookAfter(1))).toMatchObject({ verdict: 'retry', waiting: true });
    const { verdict, message } = await judged(lookAfter(61));
    expect(verdict).toBe('superseded');
    expect(message).toContain(`tag ${kubernetesClusterTag(CLUSTER_ID)} on ${SUBNETS[0]}`);
    await perform(aws, requestFor({ verb: 'remove', resource: subnetTags, id: 'remove', needs: [] }, { first: false }));
    expect(await lookAfter(61)).toEqual({ change: 'unchanged', outputs: {} });
  });

  test('waits, and says for what, where no plan would remove it', async () => {
    await account.clients.ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: 'eu-west-1a',
        Size: 1,
        TagSpecifications: [
          {
            ResourceType: 'volume',
            Tags: [
              { Key: CLUSTER_TAG, Value: CLUSTER_ID },
              { Key: UID_TAG, Value: CLUSTER_UID },
              { Key: KEY_TAG, Value: 'auto-scaling-group/controlplane-0' },
            ],
          },
        ],
      }),
    );
    const { verdict, waiting, message } = await judged(lookAfter(61));
    expect({ verdict, waiting }).toEqual({ verdict: 'retry', waiting: true });
    expect(message).toMatch(/^Still in the account: volume vol-/);
  });
});
