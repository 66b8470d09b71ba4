/** A whole cluster with three pools in AWS: planned from what is observed, made, observed again, and taken away. */
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { type Found, observedState } from '../../../kinds/resource.ts';
import { encryptionContextOf, type UserData } from '../../../machine/configuration.ts';
import { open, privatePart } from '../../../machine/envelope.ts';
import { planEnsure } from '../../../policy/ensure.ts';
import type { Inventory } from '../../../policy/plan.ts';
import { planRemove } from '../../../policy/remove.ts';
import { REPLICAS } from '../../../topology/values.ts';
import { kindOf } from '../../../words/keys.ts';
import { waitFor } from '../../support/wait.ts';
import { release, SUBNETS, VERSION } from '../../topology/objects.ts';
import {
  CLUSTER,
  CLUSTER_ID,
  carryOut,
  foundInManagement,
  type Row,
  startAccount,
  type TestAccount,
} from './account.ts';
import { FRESH, observe, planOfPool, pools, topology, VPC } from './seed.ts';

let account: TestAccount;
let aws: Aws;
let before: readonly Row[];

const DONE = { fresh: false, provisioned: true, live: true };

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  before = await account.rows();
});
afterAll(() => account?.end());

const keys = (found: readonly Found[]): string[] => found.map((one) => one.key);
const mutating = () => account.calls.filter((call) => call.mutating).map((call) => call.operation);

describe('a cluster with three node pools', () => {
  test('is observed as nothing but the facts of its VPC before it is made', async () => {
    account.calls.length = 0;
    const inventory = await observe(aws, CLUSTER);
    // What isn't there is asked for by name once.
    const refused = account.calls.filter((call) => call.code !== 'OK');
    expect(refused.map((call) => `${call.operation} ${call.code}`).sort()).toEqual([
      'DescribeLoadBalancers LoadBalancerNotFoundException',
      'DescribeTargetGroups TargetGroupNotFoundException',
    ]);
    expect(inventory).toMatchObject({ account: '0123456789012', region: 'eu-west-1', complete: true });
    expect(keys(inventory.found)).toEqual(['preflight']);
    expect(inventory.found[0]?.outputs).toMatchObject({
      vpcCidr: '127.77.0.0/16',
      vpcCidrs: '127.77.0.0/16',
      [`zone/${SUBNETS[1]}`]: 'eu-west-1b',
    });
  });

  test('costs no listing while it is new, and is said to be unlisted: AWS is only asked whose account it is', async () => {
    account.calls.length = 0;
    const inventory = await observe(account.newWorker(), CLUSTER, { isNew: true });
    expect(inventory).toMatchObject({ account: '0123456789012', complete: true, unlisted: true, found: [] });
    expect(account.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
  });

  test('is made from its plans with at most sixty calls', async () => {
    account.calls.length = 0;
    // A worker that knows nothing yet, and an object that is new to it.
    aws = account.newWorker();
    const create = planEnsure(topology, (await observe(aws, CLUSTER, { isNew: true })).found, FRESH).plan;
    await carryOut(account, aws, create, CLUSTER);
    for (const pool of pools) {
      const looks = account.calls.length;
      const seen = [
        ...(await observe(aws, pool.object, { isNew: true })).found,
        ...foundInManagement(account, topology),
      ];
      // What its cluster has was made by this very worker, and without our finalizer it has nothing itself.
      expect(account.calls.slice(looks)).toEqual([]);
      await carryOut(account, aws, planOfPool(pool, seen), pool.object);
    }
    // Of a new cluster nothing is asked for that isn't there yet.
    expect(account.calls.filter((call) => call.code !== 'OK').map((call) => `${call.operation} ${call.code}`)).toEqual(
      [],
    );
    expect(account.calls.length).toBeLessThanOrEqual(60);
  });

  test('is then observed as complete, also by another worker: nothing is planned, no mutating call is made', async () => {
    const made = mutating().length;
    const other = account.newWorker();
    const calls = account.calls.length;
    const found = (await observe(other, CLUSTER)).found;
    expect(account.calls.length - calls).toBeLessThanOrEqual(16);
    const all = [...found, ...foundInManagement(account, topology)];
    const { plan, postponed } = planEnsure(topology, all, DONE);
    expect(plan.steps.map((step) => step.id)).toEqual([]);
    expect(postponed).toEqual([]);
    for (const pool of pools) expect(keys(found)).toContain(`auto-scaling-group/nodepool-${pool.poolId}`);
    for (const pool of pools) {
      const own = await observe(other, pool.object);
      expect(keys(own.found)).toEqual([
        `auto-scaling-group/nodepool-${pool.poolId}`,
        `launch-template/nodepool-${pool.poolId}/${VERSION}`,
        'load-balancer/controlplane',
        'preflight',
        'security-group-rules/controlplane',
        'security-group-rules/load-balancer',
        'security-group-rules/nodepool',
        'security-group/controlplane',
        'security-group/load-balancer',
        'security-group/nodepool',
      ]);
    }
    expect(mutating()).toHaveLength(made);
  });

  test('is surveyed with its pools in nine calls, to the very inventories that each would have read by itself', async () => {
    const other = account.newWorker();
    const signal = new AbortController().signal;
    const objects = [CLUSTER, ...pools.map((pool) => pool.object)];
    const inventoriesOf = async () => {
      const { inventoryOf } = await other.survey(signal);
      return Promise.all(
        objects.map((object) =>
          inventoryOf({ object, clusterId: CLUSTER_ID, vpcId: VPC, subnetIds: SUBNETS, fresh: false }),
        ),
      );
    };
    // Machines come into service by themselves: until all replicas have, two looks need not see the same.
    await waitFor('every replica is in service', async () => {
      const { found } = await observe(account.newWorker(), CLUSTER);
      const groups = found.filter(({ key }) => kindOf(key) === 'auto-scaling-group');
      const replicas = groups.flatMap((group) => observedState('auto-scaling-group', group).instances ?? []);
      return replicas.length === REPLICAS.length && replicas.every(({ inService }) => inService) ? true : undefined;
    });
    account.calls.length = 0;
    const surveyed = await inventoriesOf();
    // A pool does not ask its cluster's balancer for attributes.
    const plain = (inventory: Inventory | undefined) =>
      JSON.parse(
        JSON.stringify(inventory, (key, value: unknown) => (key === 'crossZone' ? undefined : value)),
      ) as unknown;
    for (const [index, object] of objects.entries()) {
      expect(plain(surveyed[index])).toEqual(plain(await observe(other, object)));
    }
    expect(mutating()).toEqual([]);
    // Whose account it is, listeners, targets and tags are remembered by now.
    account.calls.length = 0;
    expect(await inventoriesOf()).toEqual(surveyed);
    expect(account.calls.map((call) => call.operation).sort()).toEqual([
      'DescribeAutoScalingGroups',
      'DescribeLaunchTemplates',
      'DescribeLoadBalancers',
      'DescribeNetworkInterfaces',
      'DescribeSecurityGroups',
      'DescribeSubnets',
      'DescribeTargetGroups',
      'DescribeVolumes',
      'DescribeVpcs',
    ]);
  });

  test('is not surveyed at all when one listing fails', async () => {
    const other = account.newWorker();
    await account.fault({ action: 'DescribeNetworkInterfaces', code: 'UnauthorizedOperation', count: 1 });
    await expect(other.survey(new AbortController().signal)).rejects.toThrow(/UnauthorizedOperation|not authorized/i);
  });

  test('carries its owner on everything', async () => {
    const rows = (await account.rows()).filter(
      (row) => !before.some((old) => old.kind === row.kind && old.id === row.id) && row.kind !== 'listener',
    );
    const untagged = rows.filter((row) => {
      const tags = (row.detail['tags'] ?? {}) as Readonly<Record<string, string>>;
      return tags['slipway.dev/cluster'] !== CLUSTER_ID;
    });
    // What comes and goes with an instance or the load balancer is made by AWS; its double leaves out their tags.
    const madeByAws = (row: Row) =>
      /^(ELB net|Primary network interface)/.test(String(row.detail['description'])) ||
      (row.kind === 'volume' && Object.keys(row.detail['tags'] ?? {}).length === 0);
    expect(untagged.filter((row) => !madeByAws(row))).toEqual([]);
  });

  test('shows no secret in what anybody may read of its launch templates, and IMDSv2 only', async () => {
    const answer = await account.clients.ec2.send(new DescribeLaunchTemplateVersionsCommand({ Versions: ['$Latest'] }));
    const versions = answer.LaunchTemplateVersions ?? [];
    expect(versions).toHaveLength(6);
    for (const { LaunchTemplateData: data } of versions) {
      expect(data?.MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
      const userData = Buffer.from(data?.UserData ?? '', 'base64').toString();
      const { slipway, sealed } = JSON.parse(userData) as UserData;
      expect({ slipway, sealed: Object.keys(sealed).sort() }).toEqual({
        slipway: 1,
        sealed: ['ciphertext', 'encryptedKey', 'nonce', 'tag'],
      });
      for (const secret of [...account.secrets.values()].map((data) => privatePart(data) ?? 'none')) {
        expect(userData.includes(secret)).toBe(false);
        expect(userData.includes(Buffer.from(secret).toString('base64'))).toBe(false);
      }
    }
  });

  test('has user data that only its key opens, for its own cluster and role', async () => {
    const answer = await account.clients.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({
        LaunchTemplateName: `${CLUSTER_ID}-controlplane-0-${release().version}`,
        Versions: ['$Latest'],
      }),
    );
    const text = Buffer.from(answer.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.UserData ?? '', 'base64');
    const userData = JSON.parse(text.toString()) as UserData;
    const decrypt = (context: Record<string, string>) =>
      account.clients.kms.send(
        new DecryptCommand({
          CiphertextBlob: Buffer.from(userData.sealed.encryptedKey, 'base64'),
          EncryptionContext: context,
        }),
      );
    const key = await decrypt(encryptionContextOf(userData.configuration));
    expect(open(key.Plaintext ?? new Uint8Array(), userData)).toMatchObject({
      rootCaKey: account.secrets.get(`${CLUSTER_ID}-root-ca`)?.['tls.key'],
      serviceAccountKey: account.secrets.get(`${CLUSTER_ID}-service-account`)?.['key'],
    });
    await expect(decrypt({ 'slipway.dev/cluster': CLUSTER_ID, 'slipway.dev/role': 'node' })).rejects.toThrow();
  });

  test('is taken away again by its plans, and the account is as it was', async () => {
    for (const pool of pools) {
      const inventory = (await observe(aws, pool.object)).found;
      const subject = { kind: 'AWSNodePool', poolId: pool.poolId, living: {} } as const;
      const request = { inventory, settleSeconds: 0, subject };
      await carryOut(account, aws, planRemove(request), pool.object);
    }
    const inventory = (await observe(aws, CLUSTER, { clusterGoes: true })).found;
    const subject = { kind: 'AWSCluster', clusterName: 'cluster-0' } as const;
    const plan = planRemove({ inventory, settleSeconds: 1, subject });
    const started = Date.now();
    await carryOut(account, aws, plan, CLUSTER);
    expect(Date.now() - started).toBeGreaterThan(1_000);
    expect(await account.rows()).toEqual(before);
    expect((await observe(aws, CLUSTER, { clusterGoes: true })).found).toEqual([]);
  });
});
