/**
 * EC2: the calls that a replica makes, in plain data.
 *
 * Owns: the SDK client, loaded when it is first needed, and the translation of its answers.
 * Neighbours: `attachments.ts` takes volume and interface; `node-approver.ts` asks who a name belongs to.
 */

import type { AwsAccount } from './credentials.ts';

type Attachment = { readonly instanceId: string; readonly state: string; readonly attachmentId?: string };

export type Attachable = {
  readonly id: string;
  readonly state: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly attachment?: Attachment;
};

type Ec2Instance = {
  readonly id: string;
  readonly state: string;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
};

export type Ec2 = {
  volume(id: string): Promise<Attachable | undefined>;
  attachVolume(id: string, instanceId: string, device: string): Promise<void>;
  detachVolume(id: string, instanceId: string): Promise<void>;
  networkInterface(id: string): Promise<Attachable | undefined>;
  attachNetworkInterface(id: string, instanceId: string, deviceIndex: number): Promise<void>;
  detachNetworkInterface(attachmentId: string): Promise<void>;
  /** State of one instance; `terminated` once EC2 has forgotten it. */
  instanceState(id: string): Promise<string>;
  /** Instances with this private DNS name, in any state. */
  instancesNamed(hostname: string): Promise<readonly Ec2Instance[]>;
};

const tagsOf = (
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Record<string, string> => Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));

const codeOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : '');

export const createEc2 = async (account: AwsAccount): Promise<Ec2> => {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({
    ...account,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 },
  });
  return {
    volume: async (id) => {
      try {
        const answer = await client.send(new sdk.DescribeVolumesCommand({ VolumeIds: [id] }));
        const volume = answer.Volumes?.[0];
        if (volume === undefined) return undefined;
        const attachment = volume.Attachments?.find((each) => each.State !== 'detached');
        return {
          id,
          state: volume.State ?? 'unknown',
          tags: tagsOf(volume.Tags),
          ...(attachment?.InstanceId === undefined
            ? {}
            : { attachment: { instanceId: attachment.InstanceId, state: attachment.State ?? 'unknown' } }),
        };
      } catch (thrown) {
        if (codeOf(thrown) === 'InvalidVolume.NotFound') return undefined;
        throw thrown;
      }
    },
    attachVolume: async (id, instanceId, device) => {
      await client.send(new sdk.AttachVolumeCommand({ VolumeId: id, InstanceId: instanceId, Device: device }));
    },
    detachVolume: async (id, instanceId) => {
      await client.send(new sdk.DetachVolumeCommand({ VolumeId: id, InstanceId: instanceId }));
    },
    networkInterface: async (id) => {
      try {
        const answer = await client.send(new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
        const found = answer.NetworkInterfaces?.[0];
        if (found === undefined) return undefined;
        const attachment = found.Attachment;
        return {
          id,
          state: found.Status ?? 'unknown',
          tags: tagsOf(found.TagSet),
          ...(attachment?.InstanceId === undefined || attachment.Status === 'detached'
            ? {}
            : {
                attachment: {
                  instanceId: attachment.InstanceId,
                  state: attachment.Status ?? 'unknown',
                  ...(attachment.AttachmentId === undefined ? {} : { attachmentId: attachment.AttachmentId }),
                },
              }),
        };
      } catch (thrown) {
        if (codeOf(thrown) === 'InvalidNetworkInterfaceID.NotFound') return undefined;
        throw thrown;
      }
    },
    attachNetworkInterface: async (id, instanceId, deviceIndex) => {
      await client.send(
        new sdk.AttachNetworkInterfaceCommand({
          NetworkInterfaceId: id,
          InstanceId: instanceId,
          DeviceIndex: deviceIndex,
        }),
      );
    },
    detachNetworkInterface: async (attachmentId) => {
      await client.send(new sdk.DetachNetworkInterfaceCommand({ AttachmentId: attachmentId }));
    },
    instanceState: async (id) => {
      try {
        const answer = await client.send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
        return answer.Reservations?.[0]?.Instances?.[0]?.State?.Name ?? 'terminated';
      } catch (thrown) {
        if (codeOf(thrown) === 'InvalidInstanceID.NotFound') return 'terminated';
        throw thrown;
      }
    },
    instancesNamed: async (hostname) => {
      const answer = await client.send(
        new sdk.DescribeInstancesCommand({ Filters: [{ Name: 'private-dns-name', Values: [hostname] }] }),
      );
      return (answer.Reservations ?? [])
        .flatMap((reservation) => reservation.Instances ?? [])
        .map((instance) => ({
          id: instance.InstanceId ?? '',
          state: instance.State?.Name ?? 'unknown',
          hostname: instance.PrivateDnsName ?? '',
          addresses: [
            ...new Set(
              [
                instance.PrivateIpAddress,
                ...(instance.NetworkInterfaces ?? []).map((each) => each.PrivateIpAddress),
              ].filter((address) => address !== undefined),
            ),
          ],
          tags: tagsOf(instance.Tags),
        }));
    },
  };
};
