/** Every kind that Slipway makes in AWS: twice is once, a lost answer is found, only differences are changed. */
import { SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { CLUSTER_TAG, EMPTY_DISK_TAG } from '../../../api/names.ts';
import { observed, type Resource, rowOf } from '../../../kinds/resource.ts';
import type { Outputs, Tags } from '../../../kinds/row.ts';
import { orderedTopology } from '../../../topology/check.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import type { ResourceKey } from '../../../words/keys.ts';
import { waitFor } from '../../support/wait.ts';
import { release, seedCluster, VERSION } from '../../topology/objects.ts';
import {
  CLUSTER_ID,
  isAws,
  judged,
  perform,
  playSecret,
  requestFor,
  stable,
  startAccount,
  type TestAccount,
  untilDone,
} from './account.ts';

const topology = orderedTopology(clusterTopology(seedCluster(), release()), []);
const resource = (key: ResourceKey): Resource => {
  const found = topology.find((one) => one.key === key);
  if (found === undefined) throw new Error(`the topology has no ${key}`);
  return found;
};
const ofAws = topology.filter((one) => isAws(one.kind) && one.kind !== 'preflight');

/** The call that makes each kind. */
const CREATES: Readonly<Record<string, string>> = {
  'subnet-tags': 'CreateTags',
  'security-group': 'CreateSecurityGroup',
  'security-group-rules': 'AuthorizeSecurityGroupIngress',
  'etcd-volume': 'CreateVolume',
  'network-interface': 'CreateNetworkInterface',
  'load-balancer': 'CreateLoadBalancer',
  'target-group': 'CreateTargetGroup',
  targets: 'RegisterTargets',
  listener: 'CreateListener',
  'launch-template': 'CreateLaunchTemplate',
  'auto-scaling-group': 'CreateAutoScalingGroup',
  established: 'CreateTags',
};

let account: TestAccount;
let aws: Aws;
const known: Record<ResourceKey, Outputs> = {};

const ensure = (key: ResourceKey, options: { readonly first?: boolean } = {}) =>
  perform(aws, requestFor({ verb: 'ensure', resource: resource(key) }, { known, ...options }));
const remove = (key: ResourceKey) =>
  perform(aws, requestFor({ verb: 'remove', resource: resource(key) }, { known, first: false }));

const waitForGone = (key: ResourceKey) => waitFor(`${key} to go`, () => remove(key));

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  const preflight = await perform(aws, requestFor({ verb: 'ensure', resource: resource('preflight') }));
  known['preflight'] = preflight.outputs;
  for (const one of topology) if (one.kind === 'secret') known[one.key] = playSecret(account, one);
});
afterAll(() => account?.end());

describe('each kind, made although the answer was lost', () => {
  test.each(ofAws.map((one) => one.key))('%s exists once', async (key) => {
    const { kind } = resource(key);
    const action = CREATES[kind];
    // Twice: the SDK tries a second time by itself.
    await account.fault({ action, code: 'InternalError', after: true, count: 2 });
    const lost = await judged(ensure(key));
    expect(lost).toMatchObject({ verdict: 'retry' });
    const committed = stable(await account.rows());

    const found = await untilDone(() => ensure(key, { first: false }));
    expect(found.change).not.toBe('removed');
    known[key] = found.outputs;
    expect(stable(await account.rows())).toEqual(committed);

    // Now that it is as it should be, nothing is changed any more,
    const again = await account.mutations(() => ensure(key, { first: false }));
    expect(again).toEqual([]);
    // and a first execution that was told of nothing finds it, too.
    const blind = await untilDone((first) => ensure(key, { first }));
    expect(blind.outputs).toEqual(known[key]);
    expect(stable(await account.rows())).toEqual(committed);
  });

  test('an established volume never says bootstrap again, whatever is ensured', async () => {
    await ensure('etcd-volume/0', { first: false });
    const volume = (await account.rows()).find((row) => row.id === known['etcd-volume/0']?.['id']);
    expect(volume?.detail['tags']).toMatchObject({ [EMPTY_DISK_TAG]: 'wait' });
  });
});

describe('changes', () => {
  const changed = (key: ResourceKey, properties: object): Resource =>
    ({ ...resource(key), properties: { ...resource(key).properties, ...properties } }) as Resource;
  const ensureChanged = (one: Resource) =>
    perform(aws, requestFor({ verb: 'ensure', resource: one }, { known, first: false }));

  test('of rules authorise and revoke only the difference, and leave those of others', async () => {
    const groupId = known['security-group/nodepool']?.['id'] ?? '';
    await account.clients.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 30080,
            ToPort: 30080,
            IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'kubernetes.io/rule/nlb/client' }],
          },
        ],
      }),
    );
    const rule = {
      protocol: 'tcp',
      fromPort: 10250,
      toPort: 10250,
      source: { group: groupId },
      description: 'kubelet',
    };
    const fewer = changed('security-group-rules/nodepool', {
      ingress: [rule, { ...rule, fromPort: 9999, toPort: 9999 }],
    });
    const calls = await account.mutations(() => ensureChanged(fewer));
    expect(calls).toEqual(['AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupIngress']);
    const group = (await account.rows()).find((row) => row.id === groupId);
    expect(group?.detail['ingress']).toEqual(
      [`tcp 10250-10250 ${groupId}`, 'tcp 30080-30080 0.0.0.0/0', `tcp 9999-9999 ${groupId}`].sort(),
    );
    expect(await account.mutations(() => ensureChanged(fewer))).toEqual([]);
  });

  test('of a launch template are a new version, to which its group can be pinned', async () => {
    const template = changed(`launch-template/controlplane-1/${VERSION}`, { imageId: 'ami-slipway-other' });
    await account.fault({ action: 'CreateLaunchTemplateVersion', code: 'InternalError', after: true, count: 2 });
    expect(await judged(ensureChanged(template))).toMatchObject({ verdict: 'retry' });
    const found = await ensureChanged(template);
    expect(found.outputs).toMatchObject({
      id: known[`launch-template/controlplane-1/${VERSION}`]?.['id'],
      version: '2',
    });
    expect(await account.mutations(() => ensureChanged(template))).toEqual([]);
    known[`launch-template/controlplane-1/${VERSION}`] = found.outputs;
    expect(await ensure('auto-scaling-group/controlplane-1', { first: false })).toMatchObject({ change: 'updated' });
    expect(await ensure('auto-scaling-group/controlplane-1', { first: false })).toMatchObject({ change: 'unchanged' });
  });

  test('of a launch template that return to what it was, and change again, are a version each', async () => {
    const key = `launch-template/controlplane-2/${VERSION}`;
    const other = changed(key, { imageId: 'ami-slipway-other' });
    const versions: (string | undefined)[] = [];
    for (const one of [other, resource(key), other, resource(key)]) {
      versions.push((await ensureChanged(one)).outputs['version']);
      expect(await account.mutations(() => ensureChanged(one))).toEqual([]);
    }
    expect(versions).toEqual(['2', '3', '4', '5']);
  });

  test('of a launch template that was taken away and made anew are a version of the new one', async () => {
    const key = `launch-template/controlplane-2/${VERSION}`;
    const other = changed(key, { imageId: 'ami-slipway-other' });
    for (let times = 0; times < 2; times += 1) {
      await waitForGone(key);
      expect((await ensure(key)).outputs['version']).toBe('1');
      expect((await ensureChanged(other)).outputs['version']).toBe('2');
    }
    const { outputs } = await ensureChanged(resource(key));
    expect(outputs['version']).toBe('3');
    known[key] = outputs;
  });

  test.each([{ type: 'io2', iops: 4_000 }, { iops: 4_000 }, { throughput: 500 }])(
    'of a volume’s speed are made with one call each, and taken back when the spec says nothing of it any more: %j',
    async (faster) => {
      const key = 'etcd-volume/2';
      for (const one of [changed(key, faster), resource(key)]) {
        expect(await account.mutations(() => ensureChanged(one))).toEqual(['ModifyVolume']);
        expect(await account.mutations(() => ensureChanged(one))).toEqual([]);
      }
    },
  );

  describe('of tags', () => {
    const TAGGED = ofAws.filter(({ kind }) => rowOf(kind).tagged === true);
    const tagsOn = async (): Promise<readonly Tags[]> =>
      (await account.rows()).flatMap(({ detail }) => {
        // A template's mark follows its versions.
        const { 'slipway.dev/fingerprint': _mark, ...tags } = (detail['tags'] ?? {}) as Tags;
        return tags[CLUSTER_TAG] === undefined ? [] : [tags as Tags];
      });
    const retag = async (tags: Tags, formerTags: readonly string[] = []): Promise<void> => {
      for (const one of TAGGED) {
        const properties = one.properties as unknown as { readonly tags: Tags };
        const made = await ensureChanged(changed(one.key, { tags: { ...properties.tags, ...tags }, formerTags }));
        known[one.key] = made.outputs;
      }
    };

    test('reach everything that carries the owner’s, machines with their disks and listeners, too', async () => {
      const before = await tagsOn();
      await retag({ team: 'a', stage: 'test' });
      expect(await tagsOn()).toEqual(before.map((tags) => ({ ...tags, team: 'a', stage: 'test' })));
      expect(await account.mutations(() => retag({ team: 'a', stage: 'test' }))).toEqual([]);
    });

    test('that are taken away leave everything, and nothing else leaves it', async () => {
      const marked = await tagsOn();
      await retag({ team: 'b' }, ['stage']);
      const without = (tags: Tags): Tags =>
        Object.fromEntries(Object.entries({ ...tags, team: 'b' }).filter(([key]) => key !== 'stage'));
      expect(await tagsOn()).toEqual(marked.map(without));
      expect(await account.mutations(() => retag({ team: 'b' }, ['stage']))).toEqual([]);
    });

    test('are finished where an attempt died between a group and its machines', async () => {
      await account.fault({ action: 'CreateTags', code: 'InternalFailure', after: false });
      expect(await judged(retag({ team: 'c' }))).toMatchObject({ verdict: 'retry' });
      await account.fault({ action: 'DescribeInstances', code: 'InternalFailure', after: false });
      expect(await judged(retag({ team: 'c' }))).toMatchObject({ verdict: 'retry' });
      await retag({ team: 'c' });
      expect((await tagsOn()).filter(({ team }) => team !== 'c')).toEqual([]);
      expect((await tagsOn()).filter((tags) => tags['slipway.dev/retagging'] !== undefined)).toEqual([]);
    });
  });

  describe('of how many machines a group keeps', () => {
    const GROUP = 'auto-scaling-group/controlplane-2';
    const sized = (minSize: number, desired?: number): Resource =>
      changed(GROUP, { minSize, maxSize: 5, ...(desired === undefined ? {} : { desired }) });
    const keptAfter = async (one: Resource): Promise<string | undefined> =>
      (await ensureChanged(one)).outputs['desired'];
    const byHand = (DesiredCapacity: number) =>
      account.clients.autoScaling.send(
        new SetDesiredCapacityCommand({ AutoScalingGroupName: known[GROUP]?.['name'] ?? '', DesiredCapacity }),
      );

    test('make it larger with one call, and nothing the second time', async () => {
      let kept: string | undefined;
      const calls = await account.mutations(async () => (kept = await keptAfter(sized(1, 2))));
      expect([kept, calls]).toEqual(['2', ['UpdateAutoScalingGroup']]);
      expect(await account.mutations(() => ensureChanged(sized(1, 2)))).toEqual([]);
    });

    test('leave it alone where it keeps more than the spec asks for, and where the spec asks for nothing', async () => {
      await byHand(3);
      for (const one of [sized(1, 2), sized(1)]) {
        expect(await account.mutations(async () => expect(await keptAfter(one)).toBe('3'))).toEqual([]);
      }
    });

    test('end no machine of one that somebody made larger after it was planned', async () => {
      const { id: launchTemplateId = '', version = '' } = known[`launch-template/controlplane-2/${VERSION}`] ?? {};
      const name = known[GROUP]?.['name'] ?? '';
      const limits = { minSize: 1, maxSize: 5, desired: 1 };
      const state = { name, launchTemplateId, launchTemplateVersion: version, ...limits, deleting: false };
      const found = observed('auto-scaling-group', GROUP, { name }, state);
      const stale = requestFor({ verb: 'ensure', resource: sized(1, 2), found }, { known });
      expect((await perform(aws, stale)).outputs['desired']).toBe('3');
      expect(await keptAfter(sized(1))).toBe('3');
    });

    test('follow a larger minimum, as AWS does', async () => {
      expect(await keptAfter(sized(4))).toBe('4');
      expect(await keptAfter(sized(4))).toBe('4');
    });
  });

  test('a thing of ours that exists twice is named, and not chosen from', async () => {
    const { ec2 } = account.clients;
    const row = (await account.rows()).find((one) => one.id === known['etcd-volume/1']?.['id']);
    const twin = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1b', Size: 10 }));
    const tags = Object.entries((row?.detail['tags'] ?? {}) as Record<string, string>);
    await ec2.send(
      new CreateTagsCommand({
        Resources: [twin.VolumeId ?? ''],
        Tags: tags.map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    const { verdict, message } = await judged(ensure('etcd-volume/1', { first: false }));
    expect(verdict).toBe('blocked');
    expect(message).toContain(String(twin.VolumeId));
    expect(message).toContain(String(row?.id));
    await ec2.send(new DeleteVolumeCommand({ VolumeId: twin.VolumeId }));
  });
});

describe('removal', () => {
  test('of a security group that is used names its users', async () => {
    await ensure('security-group-rules/nodepool', { first: false });
    const { verdict, message } = await judged(remove('security-group/controlplane'));
    expect(verdict).toBe('retry');
    expect(message).toContain(`network interface ${known['network-interface/0']?.['id']}`);
    expect(message).toContain(`rules of security group ${known['security-group/nodepool']?.['id']}`);
  });

  test('takes everything away, and twice is fine', async () => {
    for (const one of [...ofAws].reverse()) if (one.kind === 'auto-scaling-group') await waitForGone(one.key);
    for (const one of [...ofAws].reverse()) if (one.kind !== 'security-group') await waitForGone(one.key);
    for (const one of ofAws) await waitForGone(one.key);
    for (const one of ofAws) expect(await account.mutations(() => remove(one.key))).toEqual([]);
    await waitFor('the account to be empty of it', async () => {
      const rows = await account.rows();
      return rows.every((row) => !JSON.stringify(row).includes(CLUSTER_ID)) || undefined;
    });
  });
});
