/**
 * Network interface: the fixed address of one replica, which outlives its instances.
 *
 * Owns: the interface. Its client token makes a repeated create answer with the same one (I2). Neighbours: the agent
 * attaches it once its former holder is stopped or terminated; the address is an etcd member's name for life.
 */
import {
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  type NetworkInterface,
  paginateDescribeNetworkInterfaces,
} from '@aws-sdk/client-ec2';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { ResourceKey } from '../../words/keys.ts';
import { present } from '../../words/present.ts';
import type { ResourceDriver } from '../driver.ts';
import { unlessAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { tagInEc2 } from './tagging.ts';
import {
  belongsTo,
  carriedBy,
  clientToken,
  given,
  ownedTags,
  ownerFilters,
  readAll,
  tagList,
  tagRecord,
} from './tags.ts';

export const foundInterface = (key: ResourceKey, one: NetworkInterface): FoundOf<'network-interface'> => {
  const tags = tagRecord(one.TagSet);
  return observed(
    'network-interface',
    key,
    {
      id: given(one.NetworkInterfaceId, 'a network interface id'),
      address: given(one.PrivateIpAddress, 'a private address'),
    },
    {
      name: tags.Name ?? '',
      groupIds: (one.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []).sort(),
      ...present({ holder: one.Attachment?.InstanceId }),
    },
    carriedBy(tags),
  );
};

/** Whether EC2 has a network interface of this id, whosever it is: an error of its own says that it hasn't. */
export const networkInterfaceExists = async (
  ec2: EC2Client,
  id: string,
  abortSignal: AbortSignal,
): Promise<boolean> => {
  const command = new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] });
  const answer = await unlessAbsent(() => ec2.send(command, { abortSignal }), { NetworkInterfaces: [] });
  return (answer.NetworkInterfaces ?? []).length > 0;
};

export const networkInterfaceDriver = ({ ec2 }: AwsClients): ResourceDriver<'network-interface'> => ({
  kind: 'network-interface',

  async candidates(wanted) {
    const interfaces = await readAll(
      paginateDescribeNetworkInterfaces(
        { client: ec2 },
        { Filters: ownerFilters(wanted) },
        { abortSignal: wanted.signal },
      ),
      (page) => page.NetworkInterfaces,
    );
    return interfaces.map((one) => ({
      ...foundInterface(wanted.key, one),
      label: `network interface ${one.NetworkInterfaceId ?? '?'}`,
      belongsTo: belongsTo(tagRecord(one.TagSet), wanted),
    }));
  },

  async create(wanted) {
    const { name, subnetId, groupIds, tags } = wanted.properties;
    const answer = await ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: subnetId,
        Groups: [...groupIds],
        Description: name,
        ClientToken: clientToken(wanted),
        TagSpecifications: [
          { ResourceType: 'network-interface', Tags: tagList(ownedTags(wanted, { Name: name, ...tags })) },
        ],
      }),
    );
    return {
      outputs: {
        id: given(answer.NetworkInterface?.NetworkInterfaceId, 'a network interface id'),
        address: given(answer.NetworkInterface?.PrivateIpAddress, 'a private address'),
      },
    };
  },

  async update(wanted, found) {
    const Groups = [...new Set(wanted.properties.groupIds)].sort();
    await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: found.outputs.id, Groups }));
    return { outputs: found.outputs, change: 'updated' };
  },

  retag: (wanted, found, tagging) => tagInEc2(ec2, [given(found.outputs.id, `the id of ${wanted.key}`)], tagging),

  async remove(wanted, found) {
    const id = given(found.outputs.id, `the id of ${wanted.key}`);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  },
});
