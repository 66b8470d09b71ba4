/**
 * EC2: the calls that a replica makes, in plain data.
 *
 * Owns: the SDK client, loaded when it is first needed, and the translation of its answers.
 * Neighbours: `attachments.ts` takes volume and interface; `node-approver.ts` asks who a name belongs to.
 */
import type { Instance, NetworkInterface, NetworkInterfaceAttachment, Volume } from '@aws-sdk/client-ec2';
import type { NamedInstance } from '../../machine/approval.ts';
import type { AwsAccount } from './credentials.ts';

type Attachment = { readonly instanceId: string; readonly state: string; readonly attachmentId?: string };

export type Attachable = {
  readonly id: string;
  readonly state: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly attachment?: Attachment;
};

export type Ec2 = {
  volume(id: string): Promise<Attachable | undefined>;
  /** Sets tags; others stay. */
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
  attachVolume(id: string, instanceId: string, device: string): Promise<void>;
  detachVolume(id: string, instanceId: string): Promise<void>;
  networkInterface(id: string): Promise<Attachable | undefined>;
  attachNetworkInterface(id: string, instanceId: string, deviceIndex: number): Promise<void>;
  detachNetworkInterface(attachmentId: string): Promise<void>;
  /** State of one instance; `terminated` once EC2 has forgotten it. */
  instanceState(id: string): Promise<string>;
  /** Instances with this private DNS name, in any state. */
  instancesNamed(hostname: string): Promise<readonly NamedInstance[]>;
};

const tagsOf = (
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Record<string, string> => Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));

/** What EC2 answers, or what stands for its word that it knows no such thing. */
const unlessUnknown = async <A, B>(code: string, call: () => Promise<A>, instead: B): Promise<A | B> => {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === code) return instead;
    throw thrown;
  }
};

const attachableVolume = (id: string, volume: Volume): Attachable => {
  const attachment = volume.Attachments?.find((each) => each.State !== 'detached');
  return {
    id,
    state: volume.State ?? 'unknown',
    tags: tagsOf(volume.Tags),
    ...(attachment?.InstanceId === undefined
      ? {}
      : { attachment: { instanceId: attachment.InstanceId, state: attachment.State ?? 'unknown' } }),
  };
};

const interfaceAttachment = (attachment: NetworkInterfaceAttachment | undefined): Attachment | undefined =>
  attachment?.InstanceId === undefined || attachment.Status === 'detached'
    ? undefined
    : {
        instanceId: attachment.InstanceId,
        state: attachment.Status ?? 'unknown',
        ...(attachment.AttachmentId === undefined ? {} : { attachmentId: attachment.AttachmentId }),
      };

const interfaceOf = (id: string, found: NetworkInterface): Attachable => {
  const attachment = interfaceAttachment(found.Attachment);
  return {
    id,
    state: found.Status ?? 'unknown',
    tags: tagsOf(found.TagSet),
    ...(attachment === undefined ? {} : { attachment }),
  };
};

const instanceOf = (instance: Instance): NamedInstance => {
  const addresses = [
    instance.PrivateIpAddress,
    ...(instance.NetworkInterfaces ?? []).map((each) => each.PrivateIpAddress),
  ];
  return {
    id: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'unknown',
    hostname: instance.PrivateDnsName ?? '',
    addresses: [...new Set(addresses.filter((address) => address !== undefined))],
    tags: tagsOf(instance.Tags),
  };
};

export const createEc2 = async (account: AwsAccount): Promise<Ec2> => {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({
    ...account,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 },
  });
  const describeVolume = async (id: string): Promise<Attachable | undefined> => {
    const { Volumes } = await client.send(new sdk.DescribeVolumesCommand({ VolumeIds: [id] }));
    return Volumes?.[0] === undefined ? undefined : attachableVolume(id, Volumes[0]);
  };
  const describeInterface = async (id: string): Promise<Attachable | undefined> => {
    const asked = new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] });
    const { NetworkInterfaces } = await client.send(asked);
    return NetworkInterfaces?.[0] === undefined ? undefined : interfaceOf(id, NetworkInterfaces[0]);
  };
  const describeState = async (id: string): Promise<string> => {
    const { Reservations } = await client.send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name ?? 'terminated';
  };
  return {
    volume: (id) => unlessUnknown('InvalidVolume.NotFound', () => describeVolume(id), undefined),
    tag: async (id, tags) => {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await client.send(new sdk.CreateTagsCommand({ Resources: [id], Tags }));
    },
    attachVolume: async (id, instanceId, device) => {
      await client.send(new sdk.AttachVolumeCommand({ VolumeId: id, InstanceId: instanceId, Device: device }));
    },
    detachVolume: async (id, instanceId) => {
      await client.send(new sdk.DetachVolumeCommand({ VolumeId: id, InstanceId: instanceId }));
    },
    networkInterface: (id) =>
      unlessUnknown('InvalidNetworkInterfaceID.NotFound', () => describeInterface(id), undefined),
    attachNetworkInterface: async (id, instanceId, index) => {
      const ids = { NetworkInterfaceId: id, InstanceId: instanceId };
      await client.send(new sdk.AttachNetworkInterfaceCommand({ ...ids, DeviceIndex: index }));
    },
    detachNetworkInterface: async (attachmentId) => {
      await client.send(new sdk.DetachNetworkInterfaceCommand({ AttachmentId: attachmentId }));
    },
    instanceState: (id) => unlessUnknown('InvalidInstanceID.NotFound', () => describeState(id), 'terminated'),
    instancesNamed: async (hostname) => {
      const { Reservations } = await client.send(
        new sdk.DescribeInstancesCommand({ Filters: [{ Name: 'private-dns-name', Values: [hostname] }] }),
      );
      return (Reservations ?? []).flatMap(({ Instances }) => (Instances ?? []).map(instanceOf));
    },
  };
};
