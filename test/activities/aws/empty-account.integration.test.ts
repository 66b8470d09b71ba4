/** The proof that nothing is left: what goes by itself is waited for, what somebody must remove makes the plan outdated. */
import { CreateTagsCommand, CreateVolumeCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { CLUSTER_TAG, KEY_TAG, kubernetesClusterTag, UID_TAG } from '../../../api/names.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { CLUSTER_UID, SUBNETS } from '../../topology/objects.ts';
import { CLUSTER_ID, judged, perform, requestFor, startAccount, type TestAccount } from './account.ts';

const proof = (key: string, settleSeconds: number): Resource => ({
  key,
  kind: 'account',
  properties: { settleSeconds },
});
const EMPTY = proof('account/empty', 0);
const SETTLED = proof('account/settled', 60);
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

/** One look by a step that began so many seconds ago. */
const lookAfter = (seconds: number, resource = EMPTY) =>
  perform(aws, requestFor({ verb: 'wait', resource }), Date.now() - seconds * 1_000);

describe('the wait for an empty account', () => {
  test('is over as soon as nothing is found', async () => {
    expect(await lookAfter(0)).toEqual({ change: 'unchanged', outputs: {} });
  });

  test('asks nothing again until AWS has settled, and then looks again at all', async () => {
    const calls = account.calls.length;
    const early = await judged(lookAfter(10, SETTLED));
    expect(early).toMatchObject({ verdict: 'retry', waiting: true });
    expect(early.message).toMatch(/looking again in [1-5]\d s/);
    expect(account.calls.length).toBe(calls);
    expect(await lookAfter(61, SETTLED)).toEqual({ change: 'unchanged', outputs: {} });
    expect(account.calls.length).toBeGreaterThan(calls);
  });

  test('calls its plan outdated when a call of a worker that died made something after all', async () => {
    await account.clients.ec2.send(
      new CreateTagsCommand({
        Resources: [SUBNETS[0] ?? ''],
        Tags: [{ Key: kubernetesClusterTag(CLUSTER_ID), Value: 'shared' }],
      }),
    );
    expect(await judged(lookAfter(1))).toMatchObject({ verdict: 'retry', waiting: true });
    for (const look of [() => lookAfter(6), () => lookAfter(61, SETTLED)]) {
      const { verdict, message } = await judged(look());
      expect(verdict).toBe('superseded');
      expect(message).toContain(`tag ${kubernetesClusterTag(CLUSTER_ID)} on ${SUBNETS[0]}`);
    }
    await perform(aws, requestFor({ verb: 'remove', resource: subnetTags, id: 'remove', needs: [] }, { first: false }));
    expect(await lookAfter(61)).toEqual({ change: 'unchanged', outputs: {} });
  });

  test('holds for what is kept outside of AWS, too: a Secret that was made after all is removed by another plan', async () => {
    const secret = 'Secret default/gke-root-ca';
    account.kept.set(secret, { going: false });
    expect(await judged(lookAfter(1))).toMatchObject({ verdict: 'retry', waiting: true });
    for (const look of [() => lookAfter(6), () => lookAfter(61, SETTLED)]) {
      expect(await judged(look())).toMatchObject({ verdict: 'superseded', message: expect.stringContaining(secret) });
    }
    // One that others hold goes when they let it go.
    account.kept.set(secret, { going: true });
    expect(await judged(lookAfter(61))).toMatchObject({ waiting: true, message: expect.stringContaining(secret) });
    account.kept.delete(secret);
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
    for (const look of [() => lookAfter(61), () => lookAfter(61, SETTLED)]) {
      const { verdict, waiting, message } = await judged(look());
      expect({ verdict, waiting }).toEqual({ verdict: 'retry', waiting: true });
      expect(message).toMatch(/^Still in the account: volume vol-/);
    }
  });
});
