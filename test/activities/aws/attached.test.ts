/** What a replica in trouble is told to attach: asked for by id, since listings by tag prove no absence. */
import { describe, expect, test } from '@jest/globals';
import { withAttached } from '../../../activities/aws/attached.ts';
import { type Found, observed, observedState } from '../../../kinds/resource.ts';
import { type Answers, answering, refusal } from './answering.ts';

const TEMPLATE = 'launch-template/controlplane-1/1.30.0-gke.1';
const configuration = { role: 'replica', volumeId: 'vol-1', networkInterfaceId: 'eni-1' };
const UserData = Buffer.from(JSON.stringify({ slipway: 1, configuration, sealed: {} })).toString('base64');
const template = (): Found => {
  const outputs = { id: 'lt-1', version: '1', fingerprint: 'f' };
  return observed('launch-template', TEMPLATE, outputs, { name: 'gke-1-controlplane-1', fingerprint: 'f' });
};

type Holders = { readonly volume?: string; readonly card?: string };

const inventory = ({ volume, card }: Holders = {}, but: readonly string[] = []): readonly Found[] => {
  const instances = [{ id: 'i-new', inService: true, templateId: 'lt-1', templateVersion: '1' }];
  const health = [{ address: '10.0.0.11', state: 'unhealthy' as const }];
  const group = { name: 'g', launchTemplateId: 'lt-1', launchTemplateVersion: '1', minSize: 1, maxSize: 1, desired: 1 };
  const disk = { name: 'd', availabilityZone: 'a', sizeGiB: 10, type: 'gp3', emptyDisk: 'wait' as const };
  const all: readonly Found[] = [
    observed('established', 'established/etcd', {}, { volumeIds: ['vol-1'] }),
    template(),
    observed(
      'auto-scaling-group',
      'auto-scaling-group/controlplane-1',
      { name: 'g' },
      { ...group, deleting: false, instances },
    ),
    observed('targets', 'targets/controlplane', { targetGroupArn: 'arn' }, { addresses: ['10.0.0.11'], health }),
    observed(
      'etcd-volume',
      'etcd-volume/1',
      { id: 'vol-1' },
      { ...disk, ...(volume === undefined ? {} : { holder: volume }) },
    ),
    observed(
      'network-interface',
      'network-interface/1',
      { id: 'eni-1', address: '10.0.0.11' },
      { name: 'n', groupIds: [], ...(card === undefined ? {} : { holder: card }) },
    ),
  ];
  return all.filter(({ key }) => !but.includes(key));
};

const look = async (found: readonly Found[], answers: Answers = {}) => {
  const { clients, asked } = answering({
    DescribeLaunchTemplateVersions: () => ({
      LaunchTemplateVersions: [
        {
          VersionNumber: 1,
          VersionDescription: `slipway fingerprint ${'0'.repeat(64)}`,
          LaunchTemplateData: { UserData },
        },
      ],
    }),
    DescribeVolumes: () => ({ Volumes: [{ VolumeId: 'vol-1', State: 'in-use' }] }),
    DescribeNetworkInterfaces: () => ({ NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1' }] }),
    ...answers,
  });
  const all = await withAttached(clients, found, new AbortController().signal);
  const one = all.find(({ key }) => key === TEMPLATE) ?? template();
  return { attaches: observedState('launch-template', one).attaches, asked };
};

describe('a disk or an interface that no listing shows', () => {
  test('is asked for by its own id, and is gone only where EC2 says so of that', async () => {
    const lost = ['etcd-volume/1', 'network-interface/1'];
    const { attaches, asked } = await look(inventory({}, lost), {
      DescribeVolumes: () => refusal('InvalidVolume.NotFound', "The volume 'vol-1' does not exist."),
      DescribeNetworkInterfaces: () =>
        refusal('InvalidNetworkInterfaceID.NotFound', "The networkInterface ID 'eni-1' does not exist"),
    });
    expect(attaches).toMatchObject({ volumeExists: false, networkInterfaceExists: false });
    const by = asked.filter(({ operation }) => /Volumes|Interfaces/.test(operation)).map(({ input }) => input);
    expect(by).toEqual([{ VolumeIds: ['vol-1'] }, { NetworkInterfaceIds: ['eni-1'] }]);
    expect((await look(inventory({}, lost))).attaches).toMatchObject({
      volumeExists: true,
      networkInterfaceExists: true,
    });
  });

  test('is not called gone where EC2 could not say', async () => {
    const refused = () => refusal('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
    await expect(look(inventory(), { DescribeVolumes: refused })).rejects.toThrow('not authorized');
  });
});

describe('a machine that had it before', () => {
  const instances = (state?: string): Answers => ({
    DescribeInstances: () => ({
      Reservations: state === undefined ? [] : [{ Instances: [{ InstanceId: 'i-old', State: { Name: state } }] }],
    }),
  });

  test.each(['shutting-down', 'stopping', 'running'])('is named while it still has it: %s', async (state) => {
    const holder = { instanceId: 'i-old', state };
    expect((await look(inventory({ volume: 'i-old' }), instances(state))).attaches?.holder).toEqual({
      ...holder,
      holds: 'volume vol-1',
    });
    expect((await look(inventory({ volume: 'i-new', card: 'i-old' }), instances(state))).attaches?.holder).toEqual({
      ...holder,
      holds: 'network interface eni-1',
    });
  });

  test.each([['stopped'], [undefined]])('lets go of it once it is %s', async (state) => {
    expect((await look(inventory({ volume: 'i-old' }), instances(state))).attaches?.holder).toBeUndefined();
  });

  test('is not looked for where the replica’s own machine has everything', async () => {
    const { asked } = await look(inventory({ volume: 'i-new', card: 'i-new' }));
    expect(asked.map(({ operation }) => operation)).not.toContain('DescribeInstances');
  });
});
